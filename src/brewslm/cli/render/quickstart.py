"""The report of a quickstart: what came in, what came out, whether it got better, and where everything is."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.text import Text

from brewslm.cli.progress.view import Row
from brewslm.cli.render.data import accounting
from brewslm.cli.render.outcome.evaluation import gate_table
from brewslm.cli.render.parts import facts, heading, indented, next_steps
from brewslm.cli.render.training import (
    accuracy_table,
    answer_part,
    judgement_part,
    loss_table,
    verdict_words,
)
from brewslm.cli.text import command_name, duration, size
from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.release import Release
from brewslm.core.project import Project


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a quickstart made. Bundle and release are None where a gate stood in the way."""

    project: Project
    sample: str
    stages: tuple[Row, ...]
    dataset: Dataset
    adapter: Adapter
    evaluation: EvalReport
    bundle: Bundle | None
    bundle_folder: Path | None
    release: Release | None
    release_version: int | None
    home: Path
    seconds: float


def report_page(outcome: Outcome, console: Console) -> Iterable[RenderableType]:
    """The report for people."""
    yield Text("")
    yield Rule(Text(f"{outcome.project.name} in {duration(outcome.seconds)}", style="bold"), characters=_line(console))
    yield heading("\nRows")
    yield indented(accounting(outcome.dataset.tally, outcome.dataset.rejections, outcome.dataset.repairs))
    removed = sum(outcome.dataset.removed.values())
    yield indented(Text(f"{removed:,} exact duplicates removed, {outcome.dataset.num_examples:,} examples used"))
    yield heading("\nLoss, base and tuned on the same rows (nats per token; lower is better)")
    yield indented(loss_table(outcome.evaluation.losses))
    yield from judgement_part(outcome.evaluation)
    if outcome.evaluation.accuracy:
        yield heading("\nAccuracy")
        yield indented(accuracy_table(outcome.evaluation.accuracy))
    yield indented(Text.assemble("The tuned model is ", verdict_words(outcome.evaluation.verdict)))
    yield heading("\nGates")
    yield indented(gate_table(outcome.evaluation.gates))
    yield heading("\nAnswers")
    for answer in outcome.evaluation.answers[:3]:
        yield indented(answer_part(answer))
    yield heading("Where things are")
    yield indented(facts(_places(outcome)))
    yield next_steps(*_steps(outcome))


def answer_of(outcome: Outcome) -> dict[str, object]:
    """The report as JSON."""
    evaluation, dataset, bundle = outcome.evaluation, outcome.dataset, outcome.bundle
    return {
        "project": outcome.project,
        "sample": outcome.sample,
        "seconds": round(outcome.seconds, 3),
        "stages": [
            {"number": row.number, "title": row.title, "status": row.status, "seconds": row.seconds}
            for row in outcome.stages
        ],
        "rows": {
            **dataset.tally.model_dump(),
            "rejections": dataset.rejections,
            "repairs": dataset.repairs,
            "removed": dataset.removed,
            "num_examples": dataset.num_examples,
        },
        "adapter": {"id": outcome.adapter.id, "step": outcome.adapter.step, "total_steps": outcome.adapter.total_steps},
        "verdict": evaluation.verdict,
        "losses": evaluation.losses,
        "judgements": evaluation.judgements,
        "accuracy": evaluation.accuracy,
        "gates": evaluation.gates,
        "answers": evaluation.answers,
        "bundle": bundle and {"id": bundle.id, "folder": outcome.bundle_folder, "parity": bundle.parity},
        "release": outcome.release and {"id": outcome.release.id, "version": outcome.release_version},
        "workspace": outcome.home,
        "is_passed": all(gate.passed for gate in evaluation.gates),
    }


def _places(outcome: Outcome) -> Iterable[tuple[str, str]]:
    if outcome.bundle is not None:
        num_bytes = sum(file.size_bytes for file in outcome.bundle.files)
        yield "bundle", f"{outcome.bundle_folder} ({size(num_bytes)})"
    else:
        yield "bundle", "none, because a gate failed"
    if outcome.release is not None:
        yield "release", f"v{outcome.release_version}, a candidate that answered its smoke test"
    yield "experiment", f"exp-{outcome.adapter.experiment_id:03}, step {outcome.adapter.step} kept as the best"
    yield "workspace", str(outcome.home)


def _steps(outcome: Outcome) -> Iterable[tuple[str, str]]:
    name = command_name()
    yield f"{name} serve", "the Studio and the HTTP API on this machine"
    yield f"{name} events --project {outcome.project.id}", "everything that happened, hash-chained"
    yield f"{name} project create --name mine", "begin with your own data:"
    yield f"{name} dataset import --project {outcome.project.id + 1} data.jsonl", "JSONL, CSV or JSON"
    yield f"{name} train --project {outcome.project.id + 1} --autopilot --one-click", "and compare"


def _line(console: Console) -> str:
    return "-" if console.options.ascii_only else "─"
