"""What lies beside the weights: `bundle.json`, a model card, a launch note, and `SHA256SUMS` over all of it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Parity
from brewslm.core.artifacts.eval_report import EvalReport, measure_of
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.data.example import Message
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.project import Project

BUNDLE_VERSION = 1


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """Everything that the papers are written from."""

    project: Project
    base: BaseModelFacts
    adapter: Adapter
    manifest: Manifest
    evaluation: EvalReport
    parity: Parity
    format: str
    target: str
    dtype: str
    runtime: str


def parity_prompts(evaluation: EvalReport) -> tuple[tuple[Message, ...], ...]:
    """Return the prompts that the evaluation answered, to be answered again by the merged model."""
    return tuple((Message(role="user", content=answer.prompt),) for answer in evaluation.answers if answer.prompt)


def write_papers(folder: Path, facts: BundleFacts) -> None:
    """Write every paper into a bundle's folder; the checksums last."""
    papers = {
        "bundle.json": json.dumps(_bundle_json(facts), indent=2, ensure_ascii=False) + "\n",
        "README.md": _card(facts),
    }
    if facts.target == "vllm":
        papers["serve-vllm.sh"] = _vllm_launch(facts)
    for name, text in papers.items():
        (folder / name).write_text(text, encoding="utf-8")
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as stream:
            lines.append(
                f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path.relative_to(folder).as_posix()}\n"
            )
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _bundle_json(facts: BundleFacts) -> dict[str, object]:
    final = facts.evaluation.final
    return {
        "bundle_version": BUNDLE_VERSION,
        "project": facts.project.name,
        "format": facts.format,
        "target": facts.target,
        "dtype": facts.dtype,
        "runtime": facts.runtime,
        "base_model": {
            "name": facts.base.name,
            "architecture": facts.base.architecture,
            "num_parameters": facts.base.num_parameters,
            "licence": facts.base.licence,
        },
        "lineage": {
            "dataset": facts.manifest.dataset_id,
            "manifest": facts.manifest.id,
            "readiness": facts.adapter.readiness_id,
            "adapter": facts.adapter.id,
            "eval_report": facts.evaluation.id,
        },
        "experiment": facts.adapter.experiment_id,
        "step": facts.adapter.step,
        "metrics": {
            "measured_on": "test split",
            "measure": measure_of(final),
            "base_loss": final.base,
            "tuned_loss": final.tuned,
            "delta": final.delta,
            "delta_interval_95": [final.interval.low, final.interval.high],
            "verdict": facts.evaluation.verdict,
        },
        "eval_loss": next(loss.tuned for loss in facts.evaluation.losses if loss.split == "eval"),
        "gates": [gate.model_dump() for gate in facts.evaluation.gates],
        "parity": facts.parity.model_dump(),
    }


def _card(facts: BundleFacts) -> str:
    losses = "\n".join(
        f"| {loss.split} | {loss.num_examples} | {loss.base:.4f} | {loss.tuned:.4f} | {loss.delta:+.4f} "
        f"[{loss.interval.low:+.4f}, {loss.interval.high:+.4f}] | {loss.verdict} |"
        for loss in facts.evaluation.losses
    )
    judgements = "".join(
        f"\n{measure_of(one)} on {one.split} ({one.num_examples} rows; it decides): tuned {one.tuned:.4f}, "
        f"base {one.base:.4f}, delta {one.delta:+.4f} [{one.interval.low:+.4f}, {one.interval.high:+.4f}], "
        f"{one.verdict}.\n"
        for one in facts.evaluation.judgements
    )
    accuracy = "".join(
        f"\nAccuracy on {score.rows} ({score.num_examples} rows): tuned {score.tuned:.3f}, base {score.base:.3f}, "
        f"majority class {score.majority:.3f}.\n"
        for score in facts.evaluation.accuracy
    )
    greedy = "yes" if facts.parity.same_greedy_tokens else "no"
    counts = ", ".join(f"{split.num_examples} {split.name}" for split in facts.manifest.splits)
    parts = f"`model/` is the tuned model ({facts.dtype})"
    if facts.adapter.form == "adapter":
        parts = (
            f"`model/` is base and adapter merged ({facts.dtype}); `adapter/` is the adapter alone, for the same base"
        )
    return f"""# {facts.project.name}

A fine-tune of `{facts.base.name}` ({facts.base.architecture}, {facts.base.num_parameters:,} parameters), made
with BrewSLM. {parts}.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained("model")
tokenizer = AutoTokenizer.from_pretrained("model")
```

## Data
{counts} examples of the shape `{facts.manifest.shape}`; manifest `{facts.manifest.id}`.

## Evaluation (measured; mean loss per trained token in nats, base and tuned on the same rows)
| split | rows | base | tuned | delta [95 % interval] | verdict |
|---|---|---|---|---|---|
{losses}
{judgements}{accuracy}
## Parity of this bundle with the tuned model (measured, {facts.parity.num_examples} rows)
Loss {facts.parity.merged_loss:.5f} bundle, {facts.parity.adapter_loss:.5f} tuned model; largest log-prob difference
{facts.parity.largest_logprob_difference:.4f}; same greedy answers: {greedy}.

## Limits
Judged by loss on held-out rows of the same data, not for safety or for facts. It answers in the manner of its data.

## Licences
Base model: {facts.base.licence or "not stated by its folder; look before you share this bundle"}. The data's licence
is its owner's; it is not recorded here.
"""


def _vllm_launch(facts: BundleFacts) -> str:
    name = "".join(character if character.isalnum() or character in "-_." else "-" for character in facts.project.name)
    return f"""#!/bin/sh
# Serve this bundle with vLLM behind an OpenAI-compatible endpoint. Not run when the bundle was made.
cd "$(dirname "$0")" || exit 1
exec vllm serve ./model --served-model-name {name} --dtype {facts.dtype} \\
  --max-model-len {facts.base.context_length} --generation-config ./model "$@"
"""
