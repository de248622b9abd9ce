"""What lies beside the weights: `bundle.json`, a model card, a bill of materials, and `SHA256SUMS` over all of it."""

import hashlib
import json
import shutil
from pathlib import Path

from brewslm.core.artifacts.eval_report import EvalReport, measure_of
from brewslm.core.data.example import Message
from brewslm.stages.export.card import card_of
from brewslm.stages.export.facts import BundleFacts, FileSum
from brewslm.stages.export.inventory import bill_of
from brewslm.stages.export.launching import launch_notes

BUNDLE_VERSION = 2
_LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*")


def parity_prompts(evaluation: EvalReport) -> tuple[tuple[Message, ...], ...]:
    """Return the prompts that the evaluation answered, to be answered again by the bundle."""
    return tuple((Message(role="user", content=answer.prompt),) for answer in evaluation.answers if answer.prompt)


def write_papers(folder: Path, facts: BundleFacts) -> None:
    """Write every paper into a bundle's folder; the bill of materials over them, and the checksums last."""
    papers = {
        "bundle.json": _json(_bundle_json(facts)),
        "README.md": card_of(facts),
        "smoke.jsonl": _smoke(facts),
        **launch_notes(facts),
    }
    for name, text in papers.items():
        (folder / name).write_text(text, encoding="utf-8")
    _copy_licences(facts.base.folder, folder / "licences")
    (folder / "bom.cdx.json").write_text(_json(bill_of(facts, _sums(folder))), encoding="utf-8")
    lines = [f"{one.sha256}  {one.name}\n" for one in _sums(folder)]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _sums(folder: Path) -> tuple[FileSum, ...]:
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        found.append(FileSum(path.relative_to(folder).as_posix(), digest))
    return tuple(found)


def _copy_licences(base: Path, target: Path) -> None:
    for pattern in _LICENCES:
        for path in sorted(base.glob(pattern)):
            if path.is_file():
                target.mkdir(exist_ok=True)
                shutil.copyfile(path, target / path.name)


def _json(body: object) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _smoke(facts: BundleFacts) -> str:
    """The bundle's own answers, as its runtime gave them."""
    prompts = [messages[-1].content for messages in parity_prompts(facts.evaluation)]
    lines = [
        {"prompt": prompt, "answer": answer.text, "num_tokens": answer.num_tokens, "is_stopped": answer.is_stopped}
        for prompt, answer in zip(prompts, facts.result.smoke, strict=False)
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _bundle_json(facts: BundleFacts) -> dict[str, object]:
    final = facts.evaluation.final
    return {
        "bundle_version": BUNDLE_VERSION,
        "project": facts.project.name,
        "format": facts.form.format,
        "target": facts.form.target,
        "quantization": facts.form.quantization,
        "dtype": facts.result.dtype,
        "versions": {"brewslm": facts.version, "runtime": facts.result.runtime},
        "base_model": {
            "name": facts.base.name,
            "architecture": facts.base.architecture,
            "num_parameters": facts.base.num_parameters,
            "licence": facts.base.licence,
        },
        "lineage": {
            "source": facts.snapshot.locator if facts.snapshot is not None else None,
            "snapshot": facts.snapshot.id if facts.snapshot is not None else None,
            "dataset": facts.manifest.dataset_id,
            "manifest": facts.manifest.id,
            "readiness": facts.adapter.readiness_id,
            "adapter": facts.adapter.id,
            "eval_report": facts.evaluation.id,
        },
        "experiment": facts.adapter.experiment_id,
        "step": facts.adapter.step,
        "recipe": facts.readiness.plan.recipe.model_dump(mode="json") if facts.readiness is not None else None,
        "metrics": {
            "measured_on": "test split",
            "measure": measure_of(final),
            "base_loss": final.base,
            "tuned_loss": final.tuned,
            "delta": final.delta,
            "delta_interval_95": [final.interval.low, final.interval.high],
            "verdict": facts.evaluation.verdict,
        },
        "losses": [loss.model_dump(mode="json") for loss in facts.evaluation.losses],
        "eval_loss": next(loss.tuned for loss in facts.evaluation.losses if loss.split == "eval"),
        "gates": [gate.model_dump() for gate in facts.evaluation.gates],
        "parity": facts.parity.model_dump(),
    }
