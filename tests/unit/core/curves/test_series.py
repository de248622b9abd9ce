"""What a journal says of its course: the newest attempt counts, and what disturbed the run is marked."""

from typing import Any

from brewslm.core.curves.series import Marker, curves_of
from brewslm.core.wire.progress import RECORD, Record
from brewslm.core.wire.recovery import Measure


def records(*bodies: dict[str, Any]) -> list[Record]:
    plain = {"time": 1.0, "attempt": 1}
    return [RECORD.validate_python({**plain, "seq": seq, **body}) for seq, body in enumerate(bodies, start=1)]


def started(attempt: int, step: int | None = None) -> dict[str, Any]:
    resumed = {"resumed_from_step": step, "total_steps": 9}
    return {"kind": "started", "device": "cpu", "attempt": attempt, **resumed}


def logged(step: int, loss: float | None, **more: Any) -> dict[str, Any]:
    plain = {"epoch": 0.1, "learning_rate": 0.1, "grad_norm": 1.0, "step_seconds": 1.0, "memory_bytes": None}
    speed = {"tokens_per_second": None, "samples_per_second": None, "total_steps": 9}
    return {"kind": "log", "step": step, "loss": loss, **plain, **speed, **more}


def evaluated(step: int, loss: float) -> dict[str, Any]:
    compared = {"baseline_loss": 3.0, "delta": loss - 3.0, "delta_low": loss - 3.1, "delta_high": loss - 2.9}
    return {"kind": "eval", "step": step, "eval_loss": loss, **compared}


def test_series_are_by_step_and_delta_only_where_it_was_measured() -> None:
    found = curves_of(records(started(1), logged(1, 2.5), logged(2, 2.0, delta=-0.5), evaluated(2, 2.2)))
    assert found.loss == [(1, 2.5), (2, 2.0)]
    assert found.delta == [(2, -0.5)]
    assert (found.base_eval_loss, found.total_steps, found.last_step) == (3.0, 9, 2)
    assert found.markers == []


def test_steps_that_are_made_again_count_once_and_the_resume_is_marked() -> None:
    first = (started(1), logged(1, 2.5), logged(2, 2.0), evaluated(2, 2.2), logged(3, 1.9), evaluated(3, 2.1))
    found = curves_of(records(*first, started(2, 2), logged(3, 1.8)), [])
    assert found.loss == [(1, 2.5), (2, 2.0), (3, 1.8)]
    assert [one.step for one in found.evaluated] == [2]
    assert found.markers == [Marker(3, "recovery", "ended, resumed from step 2")]


def test_numbers_that_are_not_finite_and_what_was_done_about_them_are_marked() -> None:
    broken = logged(2, None, non_finite={"loss": "nan", "grad_norm": "inf"}) | {"grad_norm": None}
    measure = Measure(attempt=1, cause="not_finite", step=2, action="lower_learning_rate")
    found = curves_of(records(started(1), logged(1, 2.5), broken, started(2), logged(1, 2.4)), [measure])
    assert found.loss == [(1, 2.4)]
    assert found.markers == [
        Marker(2, "not_finite", "loss and gradient norm not finite"),
        Marker(2, "recovery", "not finite, lower learning rate, begun anew"),
    ]
