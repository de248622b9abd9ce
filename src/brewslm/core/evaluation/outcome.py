"""What an evaluation found: metrics with intervals, slices, confusions, and what was forgotten."""

from brewslm.core.evaluation.interval import EvalVerdict, Interval
from brewslm.core.evaluation.metrics import MetricName
from brewslm.core.value import Value


class MetricComparison(Value):
    """One metric of base and tuned on the same rows."""

    name: MetricName
    num_examples: int
    is_lower_better: bool
    base: float
    tuned: float
    delta: float
    """tuned - base."""
    base_interval: Interval
    tuned_interval: Interval
    interval: Interval
    """Of the difference."""
    p_value: float
    """How often chance alone gives so large a difference, answers swapped row by row."""
    verdict: EvalVerdict


class ClassScore(Value):
    """One label, by its likelihood."""

    label: str
    num_examples: int
    base_f1: float
    tuned_f1: float
    tuned_precision: float
    tuned_recall: float


class Confused(Value):
    """How often rows of one label were given a label."""

    label: str
    guess: str
    base: int
    tuned: int


class SliceScore(Value):
    """The task's first metric on a part of its rows."""

    slice: str
    """`label=refund`, `length=long`, …"""
    metric: MetricComparison


class TaskReport(Value):
    """One task of an evaluation. Its rows are in the table `rows-<id>`."""

    id: str
    rows: str
    num_rows: int
    num_answered: int
    metrics: tuple[MetricComparison, ...]
    missing: tuple[MetricName, ...] = ()
    """Asked for, but these rows do not have what it needs."""
    classes: tuple[ClassScore, ...] = ()
    confusions: tuple[Confused, ...] = ()
    """Label by label, the most frequent first; those that never came up are left out."""
    slices: tuple[SliceScore, ...] = ()
    worst_slice: str | None = None
    """Where the tuned model is worst in the first metric."""
    num_failing: int = 0

    def metric(self, name: MetricName, slice_: str | None = None) -> MetricComparison | None:
        """Return what a metric came to; None where it was not measured there."""
        found = (one.metric for one in self.slices if one.slice == slice_) if slice_ else iter(self.metrics)
        return next((one for one in found if one.name == name), None)


class ProbeReport(Value):
    """General ability, before and after: what a tuning made the model forget."""

    version: int
    texts: MetricComparison
    """Bits per byte of general text."""
    instructions: MetricComparison
    """Share of plain instructions about the form of an answer that are followed."""
    verdict: EvalVerdict
    """The worse of the two."""
