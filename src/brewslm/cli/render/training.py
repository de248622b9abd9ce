"""Pages about a plan, a training and its comparison with the base."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.outcome.evaluation import VERDICT_STYLES, gate_table, judge_part, probe_part, task_part
from brewslm.cli.render.parts import facts, heading, indented, level, table, yes_no
from brewslm.cli.text import duration, excerpt, harmless, signed, size
from brewslm.core.artifacts.adapter import Adapter, ForkOrigin
from brewslm.core.artifacts.eval_report import (
    AccuracyComparison,
    Answer,
    EvalReport,
    GateOutcome,
    JudgementComparison,
    LossComparison,
)
from brewslm.core.artifacts.readiness import Estimate, Readiness, TrainPlan
from brewslm.core.finding import Finding
from brewslm.core.recipe.recipe import ValueSource
from brewslm.core.wire.progress import RewardScores

_ANSWER_LENGTH = 300


def _tokens(number: float) -> str:
    return f"{number:,.0f} tokens"


def _kwh(number: float) -> str:
    return f"{number:,.3g} kWh" if number >= 0.1 else f"{number * 1000:,.3g} Wh"


def _money(number: float) -> str:
    return f"{number:,.2f}" if number >= 1 else f"{Decimal(f'{number:.2g}'):f}"


_SPELLINGS: dict[str, Callable[[float], str]] = {
    "bytes": size,
    "seconds": duration,
    "tokens": _tokens,
    "kWh": _kwh,
    "money": _money,
}
_FORECASTS = ("memory", "disk", "time", "tokens", "energy", "cost")


def checks_page(readiness: Readiness) -> Iterable[RenderableType]:
    """Every check with its answer, and the verdict."""
    yield check_table(readiness.findings)
    yield Text("")
    num_blocks = sum(one.level == "block" for one in readiness.findings)
    verdict = yes_no(readiness.verdict == "ready", "ready", "blocked")
    passed_over = ""
    if readiness.verdict == "ready" and num_blocks:
        passed_over = f", although {num_blocks} {'check blocks' if num_blocks == 1 else 'checks block'} (--no-strict)"
    yield Text.assemble("Verdict: ", verdict, (passed_over, "yellow"))


def check_table(findings: Iterable[Finding]) -> RenderableType:
    """Checks: level, name, what was seen, what to do."""
    rows = [
        (level(one.level), one.check, Text(harmless(one.seen) + (f"\n{one.next_step}" if one.next_step else "")))
        for one in findings
    ]
    return table(("", "check", "seen"), rows, whole=(0, 1))


def plan_page(plan: TrainPlan, *, guard: str = "") -> Iterable[RenderableType]:
    """What was chosen and why, what stayed as usual, and the forecast with what it is from."""
    chosen = {name: value for name, value in plan.sources.items() if value.source != "default"}
    yield heading("\nPlan: what was chosen")
    rows = [(name, _value(value), value.source, value.reason) for name, value in chosen.items()]
    yield indented(table(("field", "value", "source", "reason"), rows))
    usual = {name: value for name, value in plan.sources.items() if name not in chosen and value.value is not None}
    if usual:
        yield heading("\nPlan: defaults")
        yield indented(Text(", ".join(f"{name}={_value(value)}" for name, value in usual.items()), style="dim"))
    yield heading("\nForecast")
    estimates = [(name, found) for name in _FORECASTS if (found := getattr(plan, name)) is not None]
    headers = ("", "expected", "range", "", "from")
    yield indented(table(headers, [_estimate(name, found) for name, found in estimates]))
    if guard:
        yield Text("")
        yield indented(facts([("guard", f"{guard} (binds this plan to the project as it is now)")]))


def _value(value: ValueSource) -> str:
    match value.value:
        case None:
            return "none"
        case bool():
            return str(value.value).lower()
        case float():
            return f"{value.value:g}"
        case other:
            return f"{other}"


def _estimate(name: str, estimate: Estimate) -> tuple[str, ...]:
    spell = _SPELLINGS[estimate.unit]
    if estimate.expected is None or estimate.low is None or estimate.high is None:
        known = "not known" if estimate.low is None else f"at least {spell(estimate.low)}"
        return name, known, "", "", estimate.basis
    low, high = spell(estimate.low), spell(estimate.high)
    spread = f"{low} to {high}" if low != high else ""
    word = estimate.provenance if spread else "counted"
    return name, spell(estimate.expected), spread, "corrected" if word == "mixed" else word, estimate.basis


def adapter_page(adapter: Adapter) -> Iterable[RenderableType]:
    """What a training left."""
    delta = adapter.eval_loss - adapter.base_eval_loss
    yield facts(
        [
            ("experiment", f"exp-{adapter.experiment_id:03}"),
            ("adapter", str(adapter.id)),
            *([("began with", _began_with(adapter.origin))] if adapter.origin is not None else ()),
            ("eval loss", f"{adapter.eval_loss:.4f} at step {adapter.step} of {adapter.total_steps}"),
            *(
                [("ended", f"after step {adapter.last_step}, {adapter.end.replace('_', ' ')}")]
                if adapter.last_step
                else ()
            ),
            ("untuned base", f"{adapter.base_eval_loss:.4f} (tuned - base {signed(delta)})"),
            *(_rewards(adapter.rewards) if adapter.rewards is not None else ()),
        ]
    )


def _began_with(origin: ForkOrigin) -> str:
    return f"step {origin.step:,} of exp-{origin.experiment_id:03}"


def _rewards(scores: RewardScores) -> Iterable[tuple[str, str]]:
    low, high = scores.accuracy_low, scores.accuracy_high
    interval = "" if low is None or high is None else f", 95 % interval {low:.1%} to {high:.1%}"
    yield "reward accuracy", f"{scores.accuracy:.1%} (base {scores.baseline_accuracy:.1%}{interval})"
    margins = f"{signed(scores.margin_low)} to {signed(scores.margin_high)}"
    base = signed(scores.baseline_margin)
    yield "reward margin", f"{signed(scores.margin)} (base {base}, 95 % interval {margins})"


def evaluation_page(report: EvalReport) -> Iterable[RenderableType]:
    """Base and tuned on the same rows, the gates and the verdict."""
    yield heading("Mean loss per trained token (nats; lower is better), base and tuned on the same rows")
    yield indented(loss_table(report.losses))
    yield from judgement_part(report)
    if report.accuracy:
        yield heading("\nAccuracy")
        yield indented(accuracy_table(report.accuracy))
    for task in report.tasks:
        yield from task_part(task)
    if report.judge is not None:
        yield from judge_part(report.judge)
    if report.probe is not None:
        yield from probe_part(report.probe)
    yield heading("\nGates")
    yield indented(gate_table(report.gates))
    if report.answers:
        yield heading("\nAnswers, base beside tuned")
        for answer in report.answers:
            yield indented(answer_part(answer))
    yield Text.assemble("Verdict: the tuned model is ", verdict_words(report.verdict))


def judgement_part(report: EvalReport) -> Iterable[RenderableType]:
    """The objective that decides where answers were judged, and the rewards; nothing elsewhere."""
    if not report.judgements:
        return
    mode = report.judgements[0].mode
    yield heading(f"\nMean objective of {mode} (lower is better), which decides")
    yield indented(loss_table(report.judgements))
    for one in report.judgements:
        if one.rewards is not None:
            yield indented(facts([(f"{name}, {one.split}", value) for name, value in _rewards(one.rewards)]))


def verdict_words(verdict: str) -> Text:
    """The verdict in its colour."""
    words = "not certainly better or worse than its base" if verdict == "cannot tell" else f"{verdict} than its base"
    return Text(words, style=VERDICT_STYLES.get(verdict, ""))


def loss_table(losses: Iterable[LossComparison | JudgementComparison]) -> RenderableType:
    """One line for each split."""
    rows = [
        (
            one.split,
            f"{one.num_examples:,}",
            f"{one.base:.4f}",
            f"{one.tuned:.4f}",
            signed(one.delta),
            f"{signed(one.interval.low)} to {signed(one.interval.high)}",
            Text(one.verdict, style=VERDICT_STYLES[one.verdict]),
        )
        for one in losses
    ]
    headers = ("split", "rows", "base", "tuned", "tuned - base", "95 % interval", "verdict")
    return table(headers, rows, right=(1, 2, 3, 4, 5))


def accuracy_table(scores: Iterable[AccuracyComparison]) -> RenderableType:
    """One line for each set of labelled rows, beside always answering the most frequent label."""
    rows = [
        (
            excerpt(one.rows, 24),
            f"{one.num_examples:,}",
            f"{one.majority:.1%}",
            f"{one.base:.1%}",
            f"{one.tuned:.1%}",
            f"{signed(one.interval.low, 3)} to {signed(one.interval.high, 3)}",
            Text(one.verdict, style=VERDICT_STYLES[one.verdict]),
        )
        for one in scores
    ]
    headers = ("rows of", "rows", "majority", "base", "tuned", "95 % interval", "verdict")
    return table(headers, rows, right=(1, 2, 3, 4, 5))


def answer_part(answer: Answer) -> RenderableType:
    """One prompt, answered by both."""
    return table(
        ("", ""),
        [
            (Text("prompt", style="dim"), Text(excerpt(answer.prompt, _ANSWER_LENGTH), style="bold")),
            (Text("base", style="dim"), excerpt(answer.base, _ANSWER_LENGTH) or "(nothing)"),
            (Text("tuned", style="green"), excerpt(answer.tuned, _ANSWER_LENGTH) or "(nothing)"),
            ("", ""),
        ],
    )


def failed_gates(gates: Sequence[GateOutcome]) -> str:
    """Name the gates that did not pass, in one line; empty where all passed."""
    return "; ".join(f"gate {gate.name} failed: {gate.seen}" for gate in gates if not gate.passed)
