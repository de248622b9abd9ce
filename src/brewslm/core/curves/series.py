"""What a training's journal says of its course: series by step, and what disturbed it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from brewslm.core.curves.thinning import Point
from brewslm.core.wire.progress import BaselineRecord, CheckpointRecord, EvalRecord, LogRecord, Record, StartedRecord
from brewslm.core.wire.recovery import Measure

StepT = TypeVar("StepT", "Evaluated", Point)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One evaluation on the whole eval split."""

    step: int
    loss: float | None
    delta: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that disturbed the run at a step."""

    step: int
    kind: Literal["recovery", "not_finite"]
    text: str


@dataclass(slots=True)
class Curves:
    """The course of a training. Where steps were made again after a resume, the newest counts."""

    total_steps: int = 0
    base_eval_loss: float | None = None
    best_step: int | None = None
    loss: list[Point] = field(default_factory=list)
    delta: list[Point] = field(default_factory=list)
    """Loss of a batch minus that of the untuned base on the same batch."""
    learning_rate: list[Point] = field(default_factory=list)
    grad_norm: list[Point] = field(default_factory=list)
    evaluated: list[Evaluated] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)

    @property
    def last_step(self) -> int:
        """The newest step that is known."""
        return max([self.loss[-1][0] if self.loss else 0, self.evaluated[-1].step if self.evaluated else 0])


def curves_of(records: Iterable[Record], measures: Sequence[Measure] = ()) -> Curves:
    """Read a journal from its first record to its last; `measures` say what was done between attempts."""
    curves, done = Curves(), {measure.attempt: measure for measure in measures}
    newest = 0
    for record in records:
        match record:
            case StartedRecord():
                curves.total_steps = record.total_steps or curves.total_steps
                if record.attempt > 1:
                    _resume(curves, record, done.get(record.attempt - 1), newest)
            case BaselineRecord():
                curves.base_eval_loss = record.eval_loss
            case LogRecord():
                newest = record.step
                _log(curves, record)
            case EvalRecord():
                curves.base_eval_loss = record.baseline_loss
                point = Evaluated(record.step, record.eval_loss, record.delta, record.delta_low, record.delta_high)
                curves.evaluated = [*_before(curves.evaluated, record.step), point]
            case CheckpointRecord() if record.is_best:
                curves.best_step = record.step
            case _:
                pass
    return curves


def _log(curves: Curves, record: LogRecord) -> None:
    curves.total_steps = record.total_steps
    curves.loss.append((record.step, record.loss))
    curves.learning_rate.append((record.step, record.learning_rate))
    curves.grad_norm.append((record.step, record.grad_norm))
    if record.delta is not None:
        curves.delta.append((record.step, record.delta))
    names = [told for name, told in (("loss", "loss"), ("grad_norm", "gradient norm")) if name in record.non_finite]
    if names:
        curves.markers.append(Marker(record.step, "not_finite", f"{' and '.join(names)} not finite"))


def _resume(curves: Curves, record: StartedRecord, measure: Measure | None, newest: int) -> None:
    """Forget what the new attempt makes again, and mark where the old one ended."""
    resumed = record.resumed_from_step or 0
    for name in ("loss", "delta", "learning_rate", "grad_norm"):
        setattr(curves, name, _before(getattr(curves, name), resumed + 1))
    curves.evaluated = _before(curves.evaluated, resumed + 1)
    ended = measure.step if measure is not None and measure.step is not None else newest
    what = "ended" if measure is None else measure.cause.replace("_", " ")
    action = "" if measure is None or measure.action == "resume" else f", {measure.action.replace('_', ' ')}"
    place = f"resumed from step {resumed}" if resumed else "begun anew"
    curves.markers.append(Marker(ended, "recovery", f"{what}{action}, {place}"))


def _before(points: list[StepT], step: int) -> list[StepT]:
    """Points before `step`; they are in order, so that only the end has to be looked at."""
    kept = len(points)
    while kept and _step_of(points[kept - 1]) >= step:
        kept -= 1
    return points[:kept]


def _step_of(point: Evaluated | Point) -> int:
    return point.step if isinstance(point, Evaluated) else point[0]
