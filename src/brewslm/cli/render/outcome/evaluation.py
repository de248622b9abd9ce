"""Pages about what an evaluation measured: tasks, slices, failing rows, packs, and Gate D."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table, yes_no
from brewslm.cli.text import MINUS, excerpt, signed
from brewslm.core.artifacts.eval_report import GateOutcome
from brewslm.core.evaluation.judge import JudgeReport
from brewslm.core.evaluation.outcome import MetricComparison, ProbeReport, TaskReport
from brewslm.services.evaluation.book import FailingRow, FailingRows
from brewslm.services.evaluation.packs import PackSummary
from brewslm.services.gates.promotion import ReleaseVerdict

VERDICT_STYLES = {"better": "bold green", "worse": "bold red", "cannot tell": "bold yellow"}
_MOST_SLICES = 8
_LENGTH = 200


def task_part(task: TaskReport) -> Iterable[RenderableType]:
    """A task's metrics, its slices from the worst on, and how many rows fail."""
    answered = f", {task.num_answered:,} answered" if task.num_answered else ""
    yield heading(f"\nTask {task.id} on {task.num_rows:,} {task.rows} rows{answered}")
    yield indented(metric_table(task.metrics))
    if task.missing:
        yield indented(Text(f"Not measured, for no row has what it needs: {', '.join(task.missing)}", style="yellow"))
    if task.slices:
        yield indented(slice_table(task))
    if task.num_failing:
        yield indented(Text(f"{task.num_failing:,} rows fail: `brewslm eval failures`"))


def metric_table(metrics: Iterable[MetricComparison]) -> RenderableType:
    """One line for each metric, with the intervals of both models and of their difference."""
    rows = [
        (
            one.name,
            "lower" if one.is_lower_better else "higher",
            f"{one.num_examples:,}",
            f"{one.base:.4g}",
            f"{one.tuned:.4g}",
            f"{one.tuned_interval.low:.3g} to {one.tuned_interval.high:.3g}",
            f"{one.delta:+.3g}".replace("-", MINUS),
            f"{one.interval.low:+.3g} to {one.interval.high:+.3g}".replace("-", MINUS),
            Text(one.verdict, style=VERDICT_STYLES[one.verdict]),
        )
        for one in metrics
    ]
    headers = ("metric", "better", "rows", "base", "tuned", "tuned, 95 %", "change", "change, 95 %", "verdict")
    return table(headers, rows, right=(2, 3, 4, 5, 6, 7), whole=(0, 5, 7))


def slice_table(task: TaskReport) -> RenderableType:
    """The worst slices in the task's first metric."""
    name = task.metrics[0].name if task.metrics else ""
    own = [one for one in task.slices if one.metric.name == name]
    sign = -1.0 if own and own[0].metric.is_lower_better else 1.0
    worst = sorted(own, key=lambda one: sign * one.metric.tuned)[:_MOST_SLICES]
    rows = [
        (
            Text(excerpt(one.slice, 40), style="bold red" if one.slice == task.worst_slice else ""),
            f"{one.metric.num_examples:,}",
            f"{one.metric.base:.4g}",
            f"{one.metric.tuned:.4g}",
            f"{one.metric.tuned_interval.low:.4g} to {one.metric.tuned_interval.high:.4g}",
            Text(one.metric.verdict, style=VERDICT_STYLES[one.metric.verdict]),
        )
        for one in worst
    ]
    return table((f"slice by {name}", "rows", "base", "tuned", "tuned, 95 %", "verdict"), rows, right=(1, 2, 3, 4))


def probe_part(probe: ProbeReport) -> Iterable[RenderableType]:
    """What was forgotten."""
    yield heading("\nGeneral ability (bits per byte of general text; share of plain instructions followed)")
    lines = [
        (
            name,
            f"{one.base:.4g}",
            f"{one.tuned:.4g}",
            f"{signed(one.interval.low)} to {signed(one.interval.high)}",
            Text(one.verdict, style=VERDICT_STYLES[one.verdict]),
        )
        for name, one in (("text", probe.texts), ("instructions", probe.instructions))
    ]
    yield indented(table(("", "base", "tuned", "95 % interval", "verdict"), lines, right=(1, 2, 3)))


def judge_part(judge: JudgeReport) -> Iterable[RenderableType]:
    """What a judge said, and what its word is worth."""
    yield heading(f"\nJudged by {judge.model}, both orders, {judge.num_calls:,} calls")
    if judge.problem:
        yield indented(Text(f"No verdict: {judge.problem}", style="bold red"))
        return
    odd = [(judge.num_inconsistent, "not the same in both orders"), (judge.num_unreadable, "no verdict")]
    of_ties = ", ".join(f"{count:,} {what}" for count, what in odd if count)
    ties = f"{judge.ties:,} ties{f' ({of_ties})' if of_ties else ''}"
    yield indented(
        Text(f"tuned against base on {judge.num_rows:,} rows: {judge.wins:,} wins, {ties}, {judge.losses:,} losses")
    )
    yield indented(Text(judge.standing, style="green" if judge.may_gate else "yellow"))


def packs_page(packs: Sequence[PackSummary]) -> RenderableType:
    """The packs of the workspace; of one that is not valid the first problem."""
    rows = [
        (
            one.name,
            "" if one.version is None else f"v{one.version}",
            f"{one.num_tasks}",
            f"{one.num_gates}",
            Text(one.problems[0], style="red") if one.problems else Text("valid", style="green"),
        )
        for one in packs
    ]
    return table(("pack", "version", "tasks", "gates", ""), rows, right=(2, 3), whole=(0, 1))


def failures_page(found: FailingRows) -> Iterable[RenderableType]:
    """Failing rows, one after the other."""
    where = f" of {found.slice}" if found.slice else ""
    if not found.rows:
        yield f"No row{where} of task {found.task!r} fails by {found.metric} ({found.eval_report_id})."
        return
    yield heading(
        f"{len(found.rows):,} of {found.num_failing:,} rows{where} that fail by {found.metric}, the worst first"
    )
    for row in found.rows:
        yield indented(_failing(row))


def _failing(row: FailingRow) -> RenderableType:
    said: list[tuple[str | Text, str | Text]] = [
        (Text("prompt", style="dim"), Text(excerpt(row.prompt, _LENGTH) or "(none)", style="bold")),
        (Text("expected", style="dim"), excerpt(row.expected, _LENGTH)),
    ]
    for name, label, answer, style in (
        ("base", row.base_label, row.base_answer, "dim"),
        ("tuned", row.tuned_label, row.tuned_answer, "green"),
    ):
        parts = [part for part in (label, answer) if part is not None]
        if parts:
            said.append((Text(name, style=style), " | ".join(excerpt(part, _LENGTH) or "(nothing)" for part in parts)))
    said.append((Text("loss", style="dim"), f"base {row.base_loss:.4f}, tuned {row.tuned_loss:.4f} nats per token"))
    return table((row.id, ""), said)


def promotion_page(verdict: ReleaseVerdict) -> Iterable[RenderableType]:
    """What was asked before a promotion, and the answer."""
    before = str(verdict.accepted_report_id) if verdict.accepted_report_id else "none: nothing is live yet"
    yield facts([("evaluation", str(verdict.eval_report_id)), ("of the live release", before)])
    yield Text("")
    yield gate_table(verdict.outcomes)
    yield Text("")
    yield Text.assemble("Promotion: ", yes_no(verdict.passed, "nothing stands in the way", "refused"))


def gate_table(gates: Iterable[GateOutcome]) -> RenderableType:
    """Each gate with what it saw; one that is not required only warns."""
    rows = [
        (
            yes_no(one.passed, "passed", "failed" if one.required else "missed"),
            one.name,
            f"{one.sentence} {one.seen}{'' if one.required else ' (not required)'}",
        )
        for one in gates
    ]
    return table(("", "gate", ""), rows, whole=(0, 1))
