"""What a task came to: its metrics, its labels, its slices, and the rows that fail."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from brewslm.core.evaluation.evidence import ScoredRow, Who
from brewslm.core.evaluation.metrics import METRICS, MetricName
from brewslm.core.evaluation.outcome import ClassScore, Confused, MetricComparison, SliceScore, TaskReport
from brewslm.core.evaluation.pack import EvalGate, EvalTask, SliceBy
from brewslm.stages.evaluate.measures.catalogue import GRADED, Measured, measure_of, measured
from brewslm.stages.evaluate.statistics import Compared, compare_pairs

MIN_SLICE = 5
"""Rows below which a slice is no slice."""
MIN_WORST = 10
"""Rows below which a slice is not called the worst: of few rows one is always bad."""
MAX_SLICES = 30
"""Of one kind, the most frequent."""
NUM_SLICE_RESAMPLES = 2_000
_MOST_CONFUSIONS = 400
_PASS_MARK = 0.5
"""Of a graded answer; below it fails."""


def report_on(
    task: EvalTask,
    rows: Sequence[ScoredRow],
    labels: Sequence[str],
    *,
    gates: Sequence[EvalGate] = (),
    seed: int,
) -> tuple[TaskReport, tuple[ScoredRow, ...]]:
    """Compare base and tuned on a task's rows; return the report, and the rows with those that fail marked.

    Args:
        task: what is asked.
        rows: what was seen.
        labels: that an answer may be.
        gates: those that look at this task; their slices are made for their metrics, too.
        seed: fixes the resamples.
    """
    found = {name: one for name in task.metrics if (one := measured(name, rows, task, labels)) is not None}
    marked = _marked(task, rows, labels)
    wanted = [(task.metrics[0], key) for key in slices_of(task, rows)]
    wanted += [(gate.metric, gate.slice) for gate in gates if gate.slice and (gate.metric, gate.slice) not in wanted]
    slices = tuple(_slices(found, wanted, task, rows, seed=seed))
    return (
        TaskReport(
            id=task.id,
            rows=task.rows,
            num_rows=len(rows),
            num_answered=sum(row.tuned_answer is not None for row in rows),
            metrics=_compared(found, seed=seed),
            missing=tuple(name for name in task.metrics if name not in found),
            classes=tuple(_classes(rows)),
            confusions=_confusions(rows),
            slices=slices,
            worst_slice=_worst([one for one in slices if one.metric.name == task.metrics[0]]),
            num_failing=sum(row.is_failing for row in marked),
        ),
        marked,
    )


def comparison_of(name: MetricName, compared: Compared, num_examples: int) -> MetricComparison:
    """Spell a comparison as reports keep it."""
    is_lower_better = METRICS[name].is_lower_better
    return MetricComparison(
        name=name,
        num_examples=num_examples,
        is_lower_better=is_lower_better,
        base=compared.base,
        tuned=compared.tuned,
        delta=compared.delta,
        base_interval=compared.base_interval,
        tuned_interval=compared.tuned_interval,
        interval=compared.interval,
        p_value=compared.p_value,
        verdict=compared.verdict(is_lower_better=is_lower_better),
    )


def _compared(found: dict[MetricName, Measured], *, seed: int) -> tuple[MetricComparison, ...]:
    """Compare each metric; those of the same rows over the same resamples."""
    done: dict[MetricName, MetricComparison] = {}
    for places in {one.places for one in found.values()}:
        names = [name for name, one in found.items() if one.places == places]
        results = compare_pairs([found[name].paired for name in names], seed=seed)
        done |= {name: comparison_of(name, one, len(places)) for name, one in zip(names, results, strict=True)}
    return tuple(done[name] for name in found)


def places_in(slice_: str, task: EvalTask, rows: Sequence[ScoredRow]) -> frozenset[int]:
    """Return the places of the rows of a slice, `label=refund`."""
    by, _, value = slice_.partition("=")
    return frozenset(
        number for number, one in enumerate(_values(by, rows)) if by in task.slices and one is not None and one == value
    )


def slices_of(task: EvalTask, rows: Sequence[ScoredRow]) -> list[str]:
    """Name the slices of a task's rows, the most frequent of each kind first."""
    found = []
    for by in task.slices:
        counts = Counter(value for value in _values(by, rows) if value is not None)
        large = [(value, count) for value, count in counts.most_common(MAX_SLICES) if count >= MIN_SLICE]
        if len(counts) > 1:
            found += [f"{by}={value}" for value, _ in large]
    return found


def _values(by: SliceBy | str, rows: Sequence[ScoredRow]) -> list[str | None]:
    match by:
        case "label":
            return [row.label for row in rows]
        case "source":
            return [row.source for row in rows]
        case "cluster":
            return [row.cluster for row in rows]
        case _:
            return _lengths(rows)


def _lengths(rows: Sequence[ScoredRow]) -> list[str | None]:
    """Call each row short, medium or long: thirds by the characters of prompt and expected answer."""
    sizes = [len(row.prompt) + len(row.expected) for row in rows]
    ordered = sorted(sizes)
    if not ordered or ordered[0] == ordered[-1]:
        return [None] * len(rows)
    first, second = ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]
    return ["short" if size < first else "medium" if size < second else "long" for size in sizes]


def _slices(
    found: dict[MetricName, Measured],
    wanted: Sequence[tuple[MetricName, str | None]],
    task: EvalTask,
    rows: Sequence[ScoredRow],
    *,
    seed: int,
) -> Iterator[SliceScore]:
    for name, slice_ in wanted:
        if name not in found or slice_ is None:
            continue
        part = found[name].only(places_in(slice_, task, rows))
        if part.places:
            (compared,) = compare_pairs([part.paired], seed=seed, num_resamples=NUM_SLICE_RESAMPLES)
            yield SliceScore(slice=slice_, metric=comparison_of(name, compared, len(part.places)))


def _worst(slices: Sequence[SliceScore]) -> str | None:
    large = [one for one in slices if one.metric.num_examples >= MIN_WORST]
    if not large:
        return None
    sign = -1.0 if large[0].metric.is_lower_better else 1.0
    return min(large, key=lambda one: (sign * one.metric.tuned, -one.metric.num_examples)).slice


def _classes(rows: Sequence[ScoredRow]) -> Iterator[ClassScore]:
    labelled = [row for row in rows if row.label is not None and row.tuned_label is not None]
    for label in sorted({str(row.label) for row in labelled}):
        counts = {who: _counts(labelled, label, who) for who in ("base", "tuned")}
        hits, said, there = counts["tuned"]
        base_hits, base_said, _ = counts["base"]
        yield ClassScore(
            label=label,
            num_examples=there,
            base_f1=2 * base_hits / (base_said + there),
            tuned_f1=2 * hits / (said + there),
            tuned_precision=hits / said if said else 0.0,
            tuned_recall=hits / there,
        )


def _counts(rows: Sequence[ScoredRow], label: str, who: Who) -> tuple[int, int, int]:
    """Return how often a label is rightly said, said, and right."""
    said = [row for row in rows if row.side(who).label == label]
    return sum(row.label == label for row in said), len(said), sum(row.label == label for row in rows)


def _confusions(rows: Sequence[ScoredRow]) -> tuple[Confused, ...]:
    counts: dict[Who, Counter[tuple[str, str]]] = {
        who: Counter((row.label, said) for row in rows if row.label and (said := row.side(who).label))
        for who in ("base", "tuned")
    }
    pairs = sorted(counts["base"] | counts["tuned"], key=lambda pair: (-counts["tuned"][pair], pair))
    return tuple(
        Confused(label=pair[0], guess=pair[1], base=counts["base"][pair], tuned=counts["tuned"][pair])
        for pair in pairs[:_MOST_CONFUSIONS]
    )


def _marked(task: EvalTask, rows: Sequence[ScoredRow], labels: Sequence[str]) -> tuple[ScoredRow, ...]:
    """Mark the rows that the tuned model fails in the task's first metric."""
    name = "accuracy" if task.metrics[0] in {"macro_f1", "ece"} else task.metrics[0]
    measure = measure_of(name, rows, task, labels)

    def score(row: ScoredRow, who: Who) -> float | None:
        side = row.side(who)
        if not measure.is_of(row, side):
            return None
        value, weight = measure.columns(row, side)
        return value / weight if weight else 0.0

    return tuple(replace(row, is_failing=_fails(name, score(row, "base"), score(row, "tuned"))) for row in rows)


def _fails(name: MetricName, base: float | None, tuned: float | None) -> bool:
    """Whether a row is wrong; of what is neither right nor wrong, whether it got worse."""
    if base is None or tuned is None:
        return False
    if name in GRADED:
        return tuned < _PASS_MARK * (100.0 if name == "chrf" else 1.0)
    if name in _RIGHT_OR_WRONG:
        return tuned < 1.0
    return tuned > base if METRICS[name].is_lower_better else tuned < base


_RIGHT_OR_WRONG: frozenset[MetricName] = frozenset(
    {
        "accuracy",
        "generated_accuracy",
        "exact_match",
        "json_validity",
        "schema_compliance",
        "tool_name_accuracy",
        "tool_call_accuracy",
        "preference_accuracy",
        "stop_rate",
        "refusal_rate",
    }
)
