"""Each metric by its name: which rows it is of, what is summed over them, and what is made of the sums."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from brewslm.core.evaluation.evidence import ScoredRow, Side
from brewslm.core.evaluation.metrics import MetricName
from brewslm.core.evaluation.pack import EvalTask
from brewslm.stages.evaluate.measures import structure, texts
from brewslm.stages.evaluate.statistics import Combine, Paired, ratio

NUM_BINS = 10
"""Of the calibration error, equally wide."""
GRADED: frozenset[MetricName] = frozenset({"token_f1", "rouge_l", "chrf", "field_f1", "span_f1"})
"""An answer may be partly right."""

Columns = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric as sums over rows."""

    is_of: Callable[[ScoredRow, Side], bool]
    columns: Callable[[ScoredRow, Side], Columns]
    combine: Combine = ratio


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's columns of the rows that have it."""

    places: tuple[int, ...]
    """Of the rows, in the table."""
    paired: Paired

    def only(self, wanted: frozenset[int]) -> "Measured":
        """Return the part that lies in some of the rows."""
        kept = [number for number, place in enumerate(self.places) if place in wanted]
        base, tuned = ([side[number] for number in kept] for side in (self.paired.base, self.paired.tuned))
        return Measured(tuple(self.places[number] for number in kept), Paired(base, tuned, self.paired.combine))


def measured(
    metric: MetricName, rows: Sequence[ScoredRow], task: EvalTask, labels: Sequence[str] = ()
) -> Measured | None:
    """Gather a metric's columns of base and tuned; None where no row has what it needs."""
    sides = [(row, row.side("base"), row.side("tuned")) for row in rows]
    measure = measure_of(metric, rows, task, labels)
    kept = [
        number
        for number, (row, base, tuned) in enumerate(sides)
        if measure.is_of(row, base) and measure.is_of(row, tuned)
    ]
    if not kept:
        return None
    base = [measure.columns(sides[number][0], sides[number][1]) for number in kept]
    tuned = [measure.columns(sides[number][0], sides[number][2]) for number in kept]
    return Measured(tuple(kept), Paired(base, tuned, measure.combine))


def measure_of(metric: MetricName, rows: Sequence[ScoredRow], task: EvalTask, labels: Sequence[str]) -> Measure:
    """Return what a metric sums; `labels` are those that an answer may be."""
    match metric:
        case "macro_f1":
            return _macro_f1(rows)
        case "generated_accuracy" | "unparseable_rate":
            return _generated_label(metric, labels)
        case "refusal_rate" | "false_refusal_rate":
            return _refusals(task, is_of_unanswerable=metric == "refusal_rate")
        case _:
            return _PLAIN[metric]


def _share(test: Callable[[ScoredRow, Side], float]) -> Callable[[ScoredRow, Side], Columns]:
    return lambda row, side: (float(test(row, side)), 1.0)


def _against_expected(score: Callable[[str, str], float]) -> Measure:
    return Measure(
        lambda row, side: side.answer is not None and bool(row.expected),
        _share(lambda row, side: score(side.answer or "", row.expected)),
    )


def _of_structure(columns: Callable[[str, str], Columns]) -> Measure:
    return Measure(
        lambda row, side: side.answer is not None and structure.is_structured(row.expected),
        lambda row, side: columns(side.answer or "", row.expected),
    )


def _of_calls(part: slice) -> Measure:
    def is_right(row: ScoredRow, side: Side) -> float:
        wanted, found = structure.calls_expected(row.tool_calls or "[]"), structure.calls_in(side.answer or "")
        return float([call[part] for call in found] == [call[part] for call in wanted])

    return Measure(lambda row, side: side.answer is not None and row.tool_calls is not None, _share(is_right))


def _exponential(sums: Any) -> Any:  # noqa: ANN401 - an array of numpy, which loads where it is used
    import numpy as np

    return np.exp(ratio(sums))


def _calibration_columns(row: ScoredRow, side: Side) -> Columns:
    """For each bin of confidence: how sure in sum, how often right, how many."""
    sure = side.confidence or 0.0
    own = min(int(sure * NUM_BINS), NUM_BINS - 1)
    seen = (sure, float(side.label == row.label), 1.0)
    return tuple(value if number == own else 0.0 for number in range(NUM_BINS) for value in seen)


def _calibration_error(sums: Any) -> Any:  # noqa: ANN401 - as above
    import numpy as np

    bins = sums.reshape(*sums.shape[:-1], NUM_BINS, 3)
    return np.abs(bins[..., 0] - bins[..., 1]).sum(axis=-1) / bins[..., 2].sum(axis=-1)


def _macro_f1(rows: Sequence[ScoredRow]) -> Measure:
    """Mean F1 over the labels that are said or right, as scikit-learn has it."""
    labels = sorted({label for row in rows for label in (row.label, row.base_label, row.tuned_label) if label})

    def columns(row: ScoredRow, side: Side) -> Columns:
        pairs = ((row.label == label, side.label == label) for label in labels)
        return tuple(value for is_it, is_said in pairs for value in (float(is_it and is_said), float(is_it + is_said)))

    def combine(sums: Any) -> Any:  # noqa: ANN401 - as above
        import numpy as np

        by_label = sums.reshape(*sums.shape[:-1], len(labels), 2)
        hits, total = 2.0 * by_label[..., 0], by_label[..., 1]
        is_there = total > 0
        f1 = np.where(is_there, hits / np.where(is_there, total, 1.0), 0.0)
        return f1.sum(axis=-1) / np.maximum(is_there.sum(axis=-1), 1)

    return Measure(_has_label, columns, combine)


def _has_label(row: ScoredRow, side: Side) -> bool:
    return side.label is not None and row.label is not None


def _generated_label(metric: MetricName, labels: Sequence[str]) -> Measure:
    known = {texts.plain(label) for label in labels}

    def score(row: ScoredRow, side: Side) -> float:
        said = texts.plain(side.answer or "")
        return float(said not in known) if metric == "unparseable_rate" else texts.exact_match(said, row.label or "")

    return Measure(lambda row, side: side.answer is not None and row.label is not None and bool(known), _share(score))


def _refusals(task: EvalTask, *, is_of_unanswerable: bool) -> Measure:
    marks = [texts.plain(one) for one in task.refusals]
    return Measure(
        lambda row, side: side.answer is not None and row.is_unanswerable is is_of_unanswerable,
        _share(lambda _, side: float(any(mark in texts.plain(side.answer or "") for mark in marks))),
    )


def _has_losses(row: ScoredRow, _side: Side) -> bool:
    return row.num_tokens > 0


_PLAIN: dict[MetricName, Measure] = {
    "loss": Measure(_has_losses, lambda row, side: (side.loss, float(row.num_tokens))),
    "perplexity": Measure(_has_losses, lambda row, side: (side.loss, float(row.num_tokens)), _exponential),
    "bits_per_byte": Measure(
        lambda row, _: row.num_bytes > 0, lambda row, side: (side.loss / math.log(2), float(row.num_bytes))
    ),
    "objective": Measure(lambda _, side: side.objective is not None, _share(lambda _, side: side.objective or 0.0)),
    "accuracy": Measure(_has_label, _share(lambda row, side: side.label == row.label)),
    "ece": Measure(
        lambda row, side: _has_label(row, side) and side.confidence is not None,
        _calibration_columns,
        _calibration_error,
    ),
    "exact_match": _against_expected(texts.exact_match),
    "token_f1": _against_expected(texts.token_f1),
    "rouge_l": _against_expected(texts.rouge_l),
    "chrf": _against_expected(texts.chrf),
    "json_validity": _of_structure(lambda answer, _: (float(structure.is_json(answer)), 1.0)),
    "schema_compliance": _of_structure(lambda answer, wanted: (float(structure.complies(answer, wanted)), 1.0)),
    "field_f1": _of_structure(structure.fields_in_common),
    "span_f1": _of_structure(structure.words_in_common),
    "tool_name_accuracy": _of_calls(slice(0, 1)),
    "tool_call_accuracy": _of_calls(slice(0, 2)),
    "preference_accuracy": Measure(
        lambda _, side: side.margin is not None, _share(lambda _, side: (side.margin or 0.0) > 0.0)
    ),
    "preference_margin": Measure(lambda _, side: side.margin is not None, _share(lambda _, side: side.margin or 0.0)),
    "judge_score": Measure(lambda _, side: side.judge is not None, _share(lambda _, side: side.judge or 0.0)),
    "stop_rate": Measure(lambda _, side: side.is_stopped is not None, _share(lambda _, side: bool(side.is_stopped))),
    "answer_seconds": Measure(lambda _, side: side.seconds is not None, _share(lambda _, side: side.seconds or 0.0)),
    "tokens_per_second": Measure(
        lambda _, side: bool(side.seconds), lambda _, side: (float(side.num_new_tokens or 0), side.seconds or 0.0)
    ),
}
