"""What every clock promises; run on the fake and on the real one."""

from datetime import timedelta

import pytest

from brewslm.adapters.system.clock import SystemClock
from brewslm.core.ports.clock import Clock
from tests.fakes.clock import FakeClock


@pytest.fixture(params=[FakeClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_now_is_in_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_sleeping_takes_as_long_as_it_says(clock: Clock) -> None:
    before, began = clock.now(), clock.monotonic()
    clock.sleep(0.02)
    assert clock.monotonic() - began >= 0.019
    assert clock.now() - before >= timedelta(seconds=0.015)


def test_intervals_never_run_backwards(clock: Clock) -> None:
    seen = [clock.monotonic() for _ in range(100)]
    assert seen == sorted(seen)
