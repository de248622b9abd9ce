"""Gates: a block stops, everything else passes, and the verdict speaks for itself."""

import pytest

from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level
from brewslm.core.gate import judge


def finding(level: Level, seen: str = "Seen.", next_step: str = "Do.", reason: Reason | None = None) -> Finding:
    return Finding(check="x", level=level, seen=seen, next_step=next_step, reason=reason)


@pytest.mark.parametrize(("level", "passes"), [("ok", True), ("warn", True), ("unknown", True), ("block", False)])
def test_only_a_block_stops(level: Level, passes: bool) -> None:
    verdict = judge([finding("ok"), finding(level), finding("ok")])
    assert verdict.passed is passes
    assert len(verdict.findings) == 3
    assert len(verdict.blocking) == (0 if passes else 1)


def test_nothing_found_passes() -> None:
    assert judge([]).passed


def test_a_refusal_is_one_line_of_all_that_blocks() -> None:
    verdict = judge(
        [finding("block", "A."), finding("warn", "B."), finding("block", "C", "Mend."), finding("block", "D?", "")]
    )
    assert verdict.sentence == "A. Do. C. Mend. D?"


def test_the_reason_is_that_of_the_first_block_that_has_one() -> None:
    first = finding("warn", reason=Reason.TRAINING_NAN)
    blocks = [finding("block"), finding("block", reason=Reason.PREFLIGHT_DISK)]
    assert judge([first, *blocks, finding("block", reason=Reason.PREFLIGHT_MASK)]).reason is Reason.PREFLIGHT_DISK
    assert judge([finding("block")]).reason is Reason.SYSTEM_REQUEST_INVALID
