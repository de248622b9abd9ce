"""A claim: only its holder writes, its lease is renewed while it works, and progress does not flood the ledger."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from brewslm.core.errors import CancelledError, ClaimLostError, WorkspaceError
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.reasons import Reason
from brewslm.core.job import JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.services.jobs.claim import LEASE, Claim, take
from tests.unit.scene import Scene

DRAFT = Draft(reason=Reason.SYSTEM_CONFLICT, summary="It happened.", payload=Failure(error="It happened."))


def finish(claim: Claim) -> None:
    with claim.transaction() as transaction:
        claim.finish(transaction, JobStatus.FAILED, DRAFT)


WRITES: dict[str, Callable[[Claim], Any]] = {
    "progress": lambda claim: claim.progress(0.5, "half"),
    "phase": lambda claim: claim.phase("training"),
    "emit": lambda claim: claim.emit(DRAFT),
    "renew": lambda claim: claim.renew(),
    "finish": finish,
    "is_cancelled": lambda claim: claim.is_cancelled(),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_holder_whose_job_was_taken_over_cannot_write(scene: Scene, name: str) -> None:
    claim = scene.claim()
    scene.take_over(claim, owner="two")
    before = scene.job(claim.job.id)
    with pytest.raises(ClaimLostError, match=f"job {claim.job.id} is no longer held"):
        WRITES[name](claim)
    assert scene.job(claim.job.id) == before
    assert scene.events() == ()


@pytest.mark.parametrize("name", WRITES)
def test_an_older_life_of_the_same_process_cannot_write_either(scene: Scene, name: str) -> None:
    claim = scene.claim(owner="one")
    scene.take_over(claim, owner="one")
    with pytest.raises(ClaimLostError):
        WRITES[name](claim)


@pytest.mark.parametrize("name", WRITES)
def test_the_holder_can_write(scene: Scene, name: str) -> None:
    claim = scene.claim()
    WRITES[name](claim)


def test_a_job_that_has_ended_is_changed_no_more(scene: Scene) -> None:
    claim = scene.claim()
    finish(claim)
    with pytest.raises(ClaimLostError):
        claim.progress(1.0, "more")
    assert (scene.job(claim.job.id).status, scene.reasons()) == (JobStatus.FAILED, ["system_conflict"])


def test_a_job_that_changed_since_it_was_read_is_not_taken(scene: Scene) -> None:
    job = scene.queue()
    scene.jobs.cancel(job.id)
    with scene.storage.write() as transaction, pytest.raises(ClaimLostError):
        take(transaction, job, owner="one", now=scene.clock.now())


def test_taking_a_job_again_keeps_its_start_and_counts_the_attempt(scene: Scene) -> None:
    claim = scene.claim()
    scene.clock.advance(100)
    again = scene.take_over(claim).job
    assert (again.attempt, again.started_at) == (2, claim.job.started_at)
    assert again.lease_expires_at == scene.clock.now() + LEASE


def test_progress_is_written_four_times_a_second_at_most_and_at_the_end(scene: Scene) -> None:
    claim = scene.claim()
    for hundredth in range(100):
        claim.progress(hundredth / 100, f"{hundredth}")
        scene.clock.advance(0.01)
    assert 4 <= scene.job(claim.job.id).version - claim.job.attempt <= 5
    claim.progress(1.0, "whole")
    assert (scene.job(claim.job.id).fraction, scene.job(claim.job.id).message) == (1.0, "whole")


@pytest.mark.parametrize(("said", "kept"), [(-0.5, 0.0), (7.0, 1.0)])
def test_a_fraction_stays_between_nothing_and_all(scene: Scene, said: float, kept: float) -> None:
    claim = scene.claim()
    claim.progress(said, "odd")
    assert scene.job(claim.job.id).fraction == kept


def test_the_same_phase_is_not_written_again(scene: Scene) -> None:
    claim = scene.claim()
    claim.phase("training")
    version = scene.job(claim.job.id).version
    claim.phase("training")
    assert scene.job(claim.job.id).version == version


def test_a_flow_that_is_asked_to_stop_stops_its_steps(scene: Scene) -> None:
    flow = scene.claim("autopilot")
    with scene.storage.write() as transaction:
        child = transaction.jobs.add(
            project_id=scene.project.id, kind="train", payload={}, created_at=scene.clock.now(), parent_id=flow.job.id
        )
        step = Claim(
            scene.ports, take(transaction, child, owner="one", now=scene.clock.now()), owner="one", actor="cli"
        )
    assert not step.is_cancelled()
    scene.jobs.cancel(flow.job.id)
    assert step.is_cancelled()
    with pytest.raises(CancelledError):
        step.raise_if_cancelled()


class Renewals:
    """Lets a test see each renewal, and make some of them fail."""

    def __init__(self, scene: Scene) -> None:
        self.seen = threading.Semaphore(0)
        self.failures = 0
        self._write = scene.storage.write
        scene.storage.write = self.write  # type: ignore[method-assign, assignment]

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        try:
            if self.failures:
                self.failures -= 1
                raise WorkspaceError("the ledger stayed locked")
            with self._write() as transaction:
                yield transaction
        finally:
            self.seen.release()

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self.seen.acquire(timeout=10)


def test_a_lease_is_renewed_while_the_work_goes_on(scene: Scene) -> None:
    claim = scene.claim()
    renewals = Renewals(scene)
    scene.clock.advance(15)
    with claim.kept(every_seconds=0.001):
        renewals.wait(3)
    assert scene.job(claim.job.id).lease_expires_at == scene.clock.now() + LEASE


def test_a_renewal_that_fails_is_tried_again(scene: Scene) -> None:
    claim = scene.claim()
    renewals = Renewals(scene)
    renewals.failures = 2
    scene.clock.advance(15)
    with claim.kept(every_seconds=0.001):
        renewals.wait(5)
    assert scene.job(claim.job.id).lease_expires_at == scene.clock.now() + LEASE


def test_a_lost_lease_is_left_to_its_new_holder(scene: Scene) -> None:
    claim = scene.claim()
    scene.take_over(claim, owner="two")
    before = scene.job(claim.job.id)
    with claim.kept(every_seconds=0.001):
        for thread in [thread for thread in threading.enumerate() if thread.name == f"lease-{claim.job.id}"]:
            thread.join(timeout=10)
            assert not thread.is_alive()
    assert scene.job(claim.job.id) == before
