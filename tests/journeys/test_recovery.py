"""Trainings that fail for real and finish by themselves: for want of memory, by a row of poison, and frozen."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from safetensors.torch import load_file, save_file

from brewslm.adapters.engines.local import LocalEngine
from brewslm.bootstrap.container import TEMPLATES
from brewslm.core.health.layers import ThresholdLayer
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.result import TrainResult
from brewslm.core.wire.rundir import RECOVERY_FILE
from brewslm.services.jobs import liveness
from brewslm.services.jobs.supervision import Supervisor
from tests.fakes.memory_group import memory_group
from tests.unit.scene import Scene
from tests.worker import tiny
from tests.worker.tiny import curve, records, write_base_model, write_examples, write_split

PYTHON = """#!/bin/sh
case "$*" in
    *{what}*) {limit} ;;
esac
exec {python} "$@"
"""


class OwnThresholds:
    """What a workspace's file says."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def layers(self, extra: Path | None) -> list[ThresholdLayer]:
        del extra
        return [ThresholdLayer(source="test", values=self.values)]


class SystemClock:
    """The clock that users have."""

    def __init__(self, every: Callable[[], None] = lambda: None) -> None:
        from brewslm.adapters.system.clock import SystemClock as Real

        self._real, self._every = Real(), every
        self.now, self.monotonic, self.boot_id = self._real.now, self._real.monotonic, self._real.boot_id

    def sleep(self, seconds: float) -> None:
        self._every()
        self._real.sleep(min(seconds, 0.05))


def run(
    folder: Path,
    order: TrainOrder,
    *,
    python: str = sys.executable,
    every: Callable[[], None] = lambda: None,
    thresholds: dict[str, Any] | None = None,
) -> tuple[TrainResult, Scene, Path]:
    """Train under a real engine; return the result, the ledger, and the run directory."""
    (folder / "ledger").mkdir(parents=True, exist_ok=True)
    templates = TEMPLATES if python == sys.executable else None
    engine = LocalEngine(environment=os.environ, python=python, num_threads=1, templates=templates)
    scene = Scene(folder / "ledger")
    clock: Any = SystemClock(every)
    scene.clock = clock
    files = OwnThresholds(thresholds or {})
    scene.ports = scene.ports_with(engine=engine, clock=clock, thresholds=files)
    claim = scene.claim("train")
    supervisor = Supervisor(scene.ports, claim, folder / "experiments")
    result = supervisor.run(order, name="exp-001")
    assert isinstance(result, TrainResult)
    return result, scene, supervisor.folder("exp-001")


def recovery(directory: Path) -> RecoveryFile:
    return RecoveryFile.model_validate_json((directory / RECOVERY_FILE).read_bytes())


@pytest.fixture
def things(tmp_path: Path) -> tiny.Scene:
    base = write_base_model(tmp_path / "base", max_position_embeddings=2048)
    train = write_split(tmp_path / "train", 40, seed=1)
    return tiny.Scene(base=base, train=train, eval=write_split(tmp_path / "eval", 12, seed=2), root=tmp_path)


def test_a_row_that_is_poison_is_passed_over(things: tiny.Scene, tmp_path: Path) -> None:
    base = write_base_model(tmp_path / "poisoned", tie_word_embeddings=False)
    weights = load_file(base / "model.safetensors")
    weights["model.embed_tokens.weight"][250] = float("inf")
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    examples = [[4 + (place + number) % 90 for place in range(16)] for number in range(40)]
    examples[23][5] = 250
    write_examples(things.train, examples, [[0, 0] + [1] * 14] * 40)
    order = things.order(base=base, data={"total_steps": 10}, monitor={"checkpoint_every": 1})
    result, scene, directory = run(tmp_path, order)
    assert (result.status, result.last_step) == ("completed", 10)
    (measure,) = recovery(directory).measures
    assert (measure.cause, measure.action) == ("not_finite", "lower_learning_rate")
    assert recovery(directory).adjustments.skipped_steps == (measure.step,)
    assert scene.reasons().count("training_recovered") == 1
    assert measure.step is not None
    if measure.step > 1:
        assert records(directory, "started")[-1]["resumed_from_step"] == measure.step - 1


@dataclass(frozen=True)
class Deep:
    """A narrow and deep model, with much to keep for the backward pass and little to compute; and its calm training."""

    things: tiny.Scene
    folder: Path

    def order(self, micro_batch_tokens: int, *, num_steps: int = 1) -> TrainOrder:
        data = {"batch_size": 32, "total_steps": num_steps, "max_seq_len": 1024}
        data["micro_batch_tokens"] = micro_batch_tokens
        return self.things.order(data=data, monitor={"log_every": 1}, schedule={"warmup_steps": 0}, step_path="general")

    def check(self, tight: tuple[TrainResult, Scene, Path], calm: Path, *, num_steps: int = 1) -> None:
        """With less in the model at once it has come to the same, in the same batches."""
        result, scene, directory = tight
        assert (result.status, result.last_step) == ("completed", num_steps)
        begun = [event.payload for event in scene.events() if event.reason == "training_recovery_started"]
        assert begun
        assert {one["cause"] for one in begun} == {"out_of_memory"}
        assert begun[0]["after"]["data.micro_batch_tokens"] < begun[0]["before"]["data.micro_batch_tokens"]
        for mine, theirs in zip(curve(directory), curve(calm), strict=True):
            assert mine == pytest.approx(theirs, abs=1e-4)


@pytest.fixture
def deep(tmp_path: Path) -> Deep:
    base = write_base_model(
        tmp_path / "deep",
        hidden_size=64,
        intermediate_size=256,
        num_hidden_layers=16,
        max_position_embeddings=1024,
        initializer_range=0.05,
    )
    train = write_split(tmp_path / "train", 64, seed=1, longest=700)
    things = tiny.Scene(base=base, train=train, eval=write_split(tmp_path / "eval", 4, seed=2), root=tmp_path)
    return Deep(things, tmp_path)


def test_memory_that_runs_out_for_real_halves_what_is_in_the_model_and_keeps_the_batch(
    deep: Deep, tmp_path: Path
) -> None:
    most = 0

    def measure() -> None:
        nonlocal most
        with contextlib.suppress(OSError, psutil.Error):
            most = max(most, psutil.Process(worker_of(tmp_path / "calm/experiments/exp-001")).memory_info().vms)

    _, _, calm = run(tmp_path / "calm", deep.order(2048), every=measure)
    python = limited(tmp_path, f"ulimit -v {(most + (256 << 20)) >> 10}")
    deep.check(run(tmp_path / "tight", deep.order(65536), python=python), calm)


def test_a_worker_that_the_kernel_kills_for_want_of_memory_goes_on_with_less_in_the_model(
    deep: Deep, tmp_path: Path
) -> None:
    calm_result, _, calm = run(tmp_path / "calm", deep.order(2048, num_steps=2))
    assert calm_result.peak_memory_bytes is not None
    with memory_group(calm_result.peak_memory_bytes + (128 << 20)) as group:
        python = limited(tmp_path, f"echo $$ > {group.procs}", what="brewslm")
        tight = run(tmp_path / "tight", deep.order(65536, num_steps=2), python=python)
        assert group.num_kills() > 0
    deep.check(tight, calm, num_steps=2)


def limited(folder: Path, limit: str, *, what: str = "brewslm.worker") -> str:
    """Return an interpreter that limits what it runs of ours by a command of the shell."""
    path = folder / "python"
    path.write_text(PYTHON.format(python=sys.executable, limit=limit, what=what))
    path.chmod(0o755)
    return str(path)


def test_a_frozen_process_is_ended_and_its_training_goes_on(
    things: tiny.Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "LOOK_EVERY_SECONDS", 2.0)
    directory = tmp_path / "experiments" / "exp-001"
    frozen: list[int] = []

    def freeze() -> None:
        if not frozen and any(record["step"] >= 50 for record in records(directory, "checkpoint")):
            frozen.append(worker_of(directory))
            os.kill(frozen[0], signal.SIGSTOP)

    order = things.order(data={"total_steps": 600}, monitor={"checkpoint_every": 50, "eval_every": 300})
    result, scene, _ = run(tmp_path, order, every=freeze, thresholds={"stall": {"idle_seconds": 4.0}})
    assert frozen
    assert (result.status, result.last_step) == ("completed", 600)
    (begun,) = [event for event in scene.events() if event.reason == "training_recovery_started"]
    assert (begun.payload["cause"], begun.payload["action"]) == ("stalled", "resume")
    assert "while training" in begun.summary
    assert records(directory, "started")[-1]["resumed_from_step"] >= 50


def worker_of(directory: Path) -> int:
    return int(json.loads((directory / "attempt.json").read_text())["worker_pid"])
