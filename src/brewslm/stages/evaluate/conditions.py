"""The gates of a pack, over what its tasks came to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from brewslm.core.artifacts.eval_report import GateOutcome
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.judge import JudgeReport
from brewslm.core.evaluation.metrics import METRICS, MetricName
from brewslm.core.evaluation.outcome import MetricComparison, TaskReport
from brewslm.core.evaluation.pack import EvalGate, EvalPack, EvalTask
from brewslm.stages.evaluate.measures.catalogue import measured
from brewslm.stages.evaluate.statistics import compare_pairs, holm
from brewslm.stages.evaluate.tasks import comparison_of, places_in

ALPHA = 0.05
"""How often models that are no worse are called worse by any gate at all."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the last release came to, task by task."""

    reports: Mapping[str, TaskReport]
    rows: Mapping[str, Sequence[ScoredRow]]


@dataclass(frozen=True, slots=True)
class Regression:
    """How a metric stands against what it is to be no worse than."""

    before: float
    after: float
    p_value: float
    """How well noise explains that it is worse by more than the margin."""
    how: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The tasks that gates look at."""

    pack: EvalPack
    reports: Mapping[str, TaskReport]
    rows: Mapping[str, Sequence[ScoredRow]]
    labels: Sequence[str]
    accepted: Accepted | None
    """None where nothing was released yet."""
    seed: int
    judge: JudgeReport | None = None

    def outcomes(self) -> tuple[GateOutcome, ...]:
        """Judge every gate; what is to be no worse than something is adjusted over all of these (Holm)."""
        found = [(gate, self._regression(gate)) for gate in self.pack.gates]
        tested = [one for _, one in found if one is not None]
        adjusted = iter(holm([one.p_value for one in tested]))
        return tuple(
            self._direct(gate) if regression is None else _no_worse(gate, regression, next(adjusted))
            for gate, regression in found
        )

    def _report(self, gate: EvalGate) -> tuple[EvalTask, TaskReport] | None:
        task = self.pack.task_of(gate)
        return None if task is None or task.id not in self.reports else (task, self.reports[task.id])

    def _metric(self, gate: EvalGate) -> MetricComparison | None:
        found = self._report(gate)
        return None if found is None else found[1].metric(gate.metric, gate.slice)

    def _is_closed(self, gate: EvalGate) -> str | None:
        """Say why a judge's word does not count here; None where it does, or none is asked for."""
        if gate.metric != "judge_score" or self.judge is None or self.judge.may_gate:
            return None
        return self.judge.problem or self.judge.standing

    def _direct(self, gate: EvalGate) -> GateOutcome:
        """Judge what needs no comparison: a threshold, what is missing, and the first release."""
        if (why := self._is_closed(gate)) is not None:
            return _outcome(gate, passed=False, seen=why)
        metric = self._metric(gate)
        if metric is None:
            where = f" on {gate.slice}" if gate.slice else ""
            return _outcome(gate, passed=False, seen=f"{gate.metric} was not measured{where}: no row has what it needs")
        if gate.threshold is None:
            return _outcome(gate, passed=True, seen=f"{metric.tuned:.4g}; nothing was released yet")
        passed = metric.tuned >= gate.threshold if gate.operator == "gte" else metric.tuned <= gate.threshold
        span = metric.tuned_interval
        seen = f"{metric.tuned:.4g} [{span.low:.4g}, {span.high:.4g}] on {metric.num_examples} rows"
        return _outcome(gate, passed=passed, seen=seen)

    def _regression(self, gate: EvalGate) -> Regression | None:
        found, metric = self._report(gate), self._metric(gate)
        if gate.no_worse_than is None or found is None or metric is None or self._is_closed(gate):
            return None
        task, rows = found[0], self.rows[found[0].id]
        if gate.no_worse_than == "base":
            return regression_between(
                gate.metric, _part(gate, task, rows), task, self.labels, margin=gate.margin, seed=self.seed
            )
        if self.accepted is None:
            return None
        before = self.accepted.rows.get(task.id, ())
        paired = against(rows, before)
        if paired is not None:
            rows = _part(gate, task, paired)
            return regression_between(gate.metric, rows, task, self.labels, margin=gate.margin, seed=self.seed)
        report = self.accepted.reports.get(task.id)
        other = None if report is None else report.metric(gate.metric, gate.slice)
        if other is None:
            return Regression(
                metric.tuned, metric.tuned, 0.0, "the last release was not measured so: evaluate it again"
            )
        return unpaired(other, metric, gate.margin)


def _part(gate: EvalGate, task: EvalTask, rows: Sequence[ScoredRow]) -> list[ScoredRow]:
    if gate.slice is None:
        return list(rows)
    wanted = places_in(gate.slice, task, rows)
    return [row for place, row in enumerate(rows) if place in wanted]


def regression_between(
    name: MetricName, rows: Sequence[ScoredRow], task: EvalTask, labels: Sequence[str], *, margin: float, seed: int
) -> Regression | None:
    """Compare base and tuned of the same rows; None where the metric has no row."""
    found = measured(name, rows, task, labels)
    if found is None:
        return None
    (compared,) = compare_pairs([found.paired], seed=seed)
    seen = comparison_of(name, compared, len(found.places))
    chance = compared.p_regressed(margin, is_lower_better=METRICS[name].is_lower_better)
    span = f"[{seen.interval.low:+.4g}, {seen.interval.high:+.4g}] on {seen.num_examples} same rows"
    return Regression(seen.base, seen.tuned, chance, span)


def against(rows: Sequence[ScoredRow], accepted: Sequence[ScoredRow]) -> list[ScoredRow] | None:
    """Set the tuned side of the accepted model where the base was; None where these are not the same rows."""
    before = {row.id: row for row in accepted}
    if len(before) != len(accepted) or len(rows) != len(before) or any(row.id not in before for row in rows):
        return None
    return [
        replace(row, **{f"base_{name}": value for name, value in before[row.id].side("tuned")._asdict().items()})
        for row in rows
    ]


def unpaired(before: MetricComparison, after: MetricComparison, margin: float) -> Regression:
    """Compare figures of different rows by their intervals, as two independent normal estimates."""
    z = NormalDist().inv_cdf(0.975)
    errors = [(one.tuned_interval.high - one.tuned_interval.low) / (2 * z) for one in (before, after)]
    spread = (errors[0] ** 2 + errors[1] ** 2) ** 0.5
    worse = (after.tuned - before.tuned) * (1.0 if after.is_lower_better else -1.0) - margin
    chance = float(worse <= 0.0) if spread == 0.0 else 1.0 - NormalDist().cdf(worse / spread)
    return Regression(before.tuned, after.tuned, chance, "on other rows, so the comparison is a coarse one")


def _no_worse(gate: EvalGate, regression: Regression, chance: float) -> GateOutcome:
    seen = f"{regression.after:.4g} against {regression.before:.4g}, difference {regression.how}"
    return _outcome(gate, passed=chance > ALPHA, seen=seen, p_adjusted=chance)


def _outcome(gate: EvalGate, *, passed: bool, seen: str, p_adjusted: float | None = None) -> GateOutcome:
    return GateOutcome(
        name=gate.id,
        sentence=" ".join(_words(gate)),
        passed=passed,
        seen=seen,
        required=gate.required,
        p_adjusted=p_adjusted,
    )


def _words(gate: EvalGate) -> Iterator[str]:
    yield f"{gate.metric}{f' on {gate.slice}' if gate.slice else ''}"
    if gate.threshold is not None:
        yield f"is at {'least' if gate.operator == 'gte' else 'most'} {gate.threshold:g}."
        return
    than = "its base" if gate.no_worse_than == "base" else "the last release"
    margin = f" by more than {gate.margin:g}" if gate.margin else ""
    yield f"is not worse than {than}{margin}, beyond noise."
