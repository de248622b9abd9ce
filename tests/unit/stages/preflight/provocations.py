"""A harm for each check of preflight; `python -m tests.unit.stages.preflight.provocations` prints what they say."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brewslm.core.alerts.facts import MonitoringFacts
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.finding import Finding
from brewslm.core.ports.machine import GpuProcess, GpuState
from brewslm.services.runner import Runner
from brewslm.services.stage_runs import StageRuns
from brewslm.stages.preflight.contract import PreflightInputs
from tests.fakes.base_models import FakeBaseModels
from tests.fakes.machine import GIB, LAPTOP
from tests.unit.scene import PACKAGES, Scene, plain_rows


@dataclass(frozen=True, slots=True)
class Harm:
    """What is done to a sound project, and which check answers."""

    check: str
    words: str
    do: Callable[[Scene], dict[str, Any]]
    """Harms the scene; returns how preflight is asked, with a manifest where it is another one than usual."""


def _use_base(scene: Scene, **facts: Any) -> None:
    scene.base = scene.base.model_copy(update=facts)
    scene.base_models._facts = FakeBaseModels([scene.base])._facts


def _busy_gpu(scene: Scene) -> dict[str, Any]:
    other = GpuProcess(pid=4711, memory_bytes=60 * GIB, is_worker=False)
    scene.machine.facts_now = LAPTOP.model_copy(update={"gpus": ("H200",)})
    scene.machine.gpus_now = (GpuState(name="H200", memory_bytes=140 * GIB, used_bytes=61 * GIB, processes=(other,)),)
    return {}


def _silent_gpu(scene: Scene) -> dict[str, Any]:
    scene.machine.facts_now = LAPTOP.model_copy(update={"gpus": ("H200",)})
    return {}


def _small_disk(scene: Scene) -> dict[str, Any]:
    scene.machine.free_bytes = 20_000_000
    return {}


def _unknown_cluster(_scene: Scene) -> dict[str, Any]:
    return {"overrides": {"placement.engine": "slurm"}}


def _changed_shard(scene: Scene) -> dict[str, Any]:
    manifest = scene.manifest()
    path = scene.shelf.path(f"{manifest.split('eval').folder}/tokens.u32")
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    return {"manifest": manifest}


def _large_batch(_scene: Scene) -> dict[str, Any]:
    return {"overrides": {"data.batch_size": 500, "step_path": "fast"}, "base": {"model_type": "gemma2"}}


def _no_folder(scene: Scene) -> dict[str, Any]:
    (scene.folder / "experiments").write_text("a file in the folder's place")
    return {}


def _no_webhook(_scene: Scene) -> dict[str, Any]:
    return {
        "monitoring": MonitoringFacts(problems=("channel hook: the environment variable HOOK_URL is not set here",))
    }


def _no_package(scene: Scene) -> dict[str, Any]:
    scene.machine.packages = {name: version for name, version in PACKAGES.items() if name != "peft"}
    return {}


def _old_package(scene: Scene) -> dict[str, Any]:
    scene.machine.packages = {**PACKAGES, "torch": "2.4.1+cpu"}
    return {}


def _little_memory(scene: Scene) -> dict[str, Any]:
    scene.machine.facts_now = LAPTOP.model_copy(update={"free_memory_bytes": GIB // 4})
    return {}


def _long_sequence(scene: Scene) -> dict[str, Any]:
    _use_base(scene, context_length=32)
    return {}


def _no_template(scene: Scene) -> dict[str, Any]:
    _use_base(scene, tokenizer_hash="0", template_hash=None)
    return {}


def _no_target(scene: Scene) -> dict[str, Any]:
    _use_base(scene, linear_modules=("q_proj", "v_proj"))
    return {"overrides": {"lora.target_modules": "q_proj, query"}}


def _wrong_mode(_scene: Scene) -> dict[str, Any]:
    return {"overrides": {"mode": "kto"}}


def _no_end(scene: Scene) -> dict[str, Any]:
    whole = [([5, 6, 7, 2], [0, 1, 1, 1])] * 3
    tokens = {"train": whole, "eval": [whole[0], ([5, 6, 7, 8], [0, 1, 1, 1])], "test": whole}
    return {"manifest": scene.manifest(tokens, turn_ends=(2, 3))}  # type: ignore[arg-type]


def _one_label(scene: Scene) -> dict[str, Any]:
    labels = {"train": "late late late late late late lost lost", "test": "late late late"}
    rows = {
        split: [row | {"label": label} for row, label in zip(plain_rows(split, 8), text.split(), strict=False)]
        for split, text in labels.items()
    }
    return {"manifest": scene.manifest(shape="classification", labels=("late", "lost"), rows=rows)}


def _small_budget(_scene: Scene) -> dict[str, Any]:
    return {"overrides": {"budget.max_tokens": 100, "data.num_epochs": 8.0}}


HARMS = (
    Harm("gpu", "another process holds 60 GiB of the only GPU", _busy_gpu),
    Harm("gpu", "the driver no longer answers", _silent_gpu),
    Harm("disk", "20 MB are free", _small_disk),
    Harm("data_integrity", "a byte of a shard is changed", _changed_shard),
    Harm("configuration", "`data.batch_size=500`, and `step_path=fast` for a Gemma 2", _large_batch),
    Harm("configuration", "data of 64 tokens for a context of 32", _long_sequence),
    Harm("checkpoint_directory", "a file is where the folder of experiments goes", _no_folder),
    Harm("monitoring", "the address of a webhook is not set", _no_webhook),
    Harm("dependencies", "peft is not installed", _no_package),
    Harm("dependencies", "torch is too old", _old_package),
    Harm("memory_fit", "256 MiB are free", _little_memory),
    Harm("engine", "`placement.engine=slurm`, which no file describes", _unknown_cluster),
    Harm("capability", "the base model lost its chat template", _no_template),
    Harm("capability", "`lora.target_modules=q_proj, query`", _no_target),
    Harm("objective", "`mode=kto` for conversations", _wrong_mode),
    Harm("mask", "an answer without its end token", _no_end),
    Harm("gates", "all test rows have train's most frequent label", _one_label),
    Harm("budget", "8 epochs on a budget of 100 tokens", _small_budget),
)


def provoke(scene: Scene, harm: Harm, **choices: Any) -> tuple[Readiness, Finding]:
    """Harm the scene, ask preflight, and return its report and the check's answer."""
    asked = harm.do(scene)
    if base := asked.pop("base", None):
        _use_base(scene, **base)
    manifest = asked.pop("manifest", None) or scene.manifest()
    facts = asked.pop("monitoring", MonitoringFacts())
    runs = StageRuns(scene.ports, entries={}, monitoring=lambda _sends: facts)
    runner = Runner(scene.ports, runs, {}, owner="one", is_owner_gone=lambda _owner: False, actor="cli")
    inputs = PreflightInputs(**{"manifest_id": manifest.id, "base_model": "tiny", **asked, **choices})
    job = runner.run(scene.queue("preflight", inputs).id)
    readiness: Readiness = scene.read(Readiness, job)
    return readiness, next(one for one in readiness.findings if one.check == harm.check)


def row_of(harm: Harm, finding: Finding, folder: Path) -> str:
    """The row of the table in the docs."""
    seen = finding.seen.replace(str(folder), "…").replace("|", "\\|")
    reason = f"`{finding.reason}`" if finding.reason else ""
    return f"| `{harm.check}` | {harm.words} | {finding.level} | {seen} | {finding.next_step} | {reason} |"


@contextmanager
def _scene() -> Iterator[tuple[Scene, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        yield Scene(Path(folder)), Path(folder)


if __name__ == "__main__":
    print("| check | provoked by | answers | seen | to do | reason |\n|---|---|---|---|---|---|")
    for one in HARMS:
        with _scene() as (project, place):
            print(row_of(one, provoke(project, one)[1], place))
