"""The error tree: every class has a reason of the taxonomy, and every message is one line."""

from collections.abc import Iterator

import pytest

from brewslm.core.errors import BrewError, CancelledError, ClaimLostError, ConflictError, GateRefusedError, WorkerError
from brewslm.core.events.failure import FAILURES
from brewslm.core.events.reasons import TAXONOMY, Reason
from brewslm.core.finding import Finding


def tree(root: type[BrewError]) -> Iterator[type[BrewError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == "brewslm.core.errors":
            yield from tree(child)


@pytest.mark.parametrize("error", list(tree(BrewError)), ids=lambda error: error.__name__)
def test_every_error_has_a_reason_that_is_recorded_as_a_failure(error: type[BrewError]) -> None:
    assert error.reason in FAILURES
    assert TAXONOMY[error.reason].next_step
    assert error("x").code is error.reason


def test_a_message_is_one_line_whatever_it_was_made_of() -> None:
    assert str(BrewError("a\n  b\tc\r\n")) == "a b c"


def test_one_error_may_have_a_narrower_reason_than_its_class() -> None:
    error = WorkerError("x", reason=Reason.TRAINING_OOM)
    assert (error.code, WorkerError.reason) == (Reason.TRAINING_OOM, Reason.TRAINING_RUNTIME_ERROR)


def test_a_refusal_keeps_the_findings_that_decided() -> None:
    found = (Finding(check="x", level="block", seen="Seen."),)
    assert GateRefusedError("x", findings=found).findings == found
    assert CancelledError("x").findings == ()


def test_a_lost_claim_can_be_told_from_other_conflicts() -> None:
    assert issubclass(ClaimLostError, ConflictError)
