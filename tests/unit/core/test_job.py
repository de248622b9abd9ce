"""The life of a job, as data."""

import pytest

from brewslm.core.job import FINAL, TRANSITIONS, JobStatus


def test_every_state_has_its_way_on() -> None:
    assert set(TRANSITIONS) == set(JobStatus)


@pytest.mark.parametrize("status", JobStatus)
def test_nothing_follows_an_end_and_something_follows_all_else(status: JobStatus) -> None:
    assert bool(TRANSITIONS[status]) is not status.is_final
    assert status.is_final is (status in FINAL)


def test_every_end_can_be_reached_from_the_queue() -> None:
    reached = {JobStatus.QUEUED}
    for _ in JobStatus:
        reached |= {after for before in reached for after in TRANSITIONS[before]}
    assert reached == set(JobStatus)


def test_no_job_is_completed_without_having_run() -> None:
    assert JobStatus.COMPLETED not in TRANSITIONS[JobStatus.QUEUED]
