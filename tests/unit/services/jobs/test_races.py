"""Promise A4: of processes that race, one gets the job, and one gets the device."""

import os
import threading
from pathlib import Path

import pytest

from brewslm.adapters.sql.storage import open_storage
from brewslm.core.job import Job, JobStatus
from brewslm.services.jobs.claim import Claim
from brewslm.services.runner import Runner
from tests.unit.scene import Scene

ROUNDS = int(os.environ.get("BREWSLM_TEST_ROUNDS", "25"))


class Race:
    """Two processes on one database file."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder, storage=open_storage(folder / "brewslm.db"))  # type: ignore[arg-type]
        other = self.scene.ports_with(storage=open_storage(folder / "brewslm.db"))
        self.runners = [self.scene.runner(owner="one"), self.scene.runner(owner="two", ports=other)]

    def claims(self, *jobs: Job) -> list[Claim]:
        """Let both reach for their job at the same moment; return what they got."""
        found: list[Claim | None] = []
        start = threading.Barrier(2)

        def reach(runner: Runner, job: Job) -> None:
            start.wait()
            found.append(runner._claim(job.id))

        threads = [threading.Thread(target=reach, args=pair) for pair in zip(self.runners, jobs, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 2
        return [claim for claim in found if claim is not None]

    def end(self, claim: Claim) -> None:
        with claim.transaction() as transaction:
            claim.change(transaction, status=JobStatus.CANCELLED)


def race(folder: Path, rounds: int) -> None:
    both = Race(folder)
    for _ in range(rounds):
        job = both.scene.queue("train")
        (claim,) = both.claims(job, job)
        both.end(claim)
        first, second = both.scene.queue("train"), both.scene.queue("train")
        (claim,) = both.claims(first, second)
        left = both.scene.job(second.id if claim.job.id == first.id else first.id)
        assert left.waiting_reason == f"waiting for job {claim.job.id} on the device"
        both.end(claim)
        both.scene.jobs.cancel(left.id)


def test_of_two_that_race_one_gets_the_job_and_one_the_device(tmp_path: Path) -> None:
    race(tmp_path, ROUNDS)


@pytest.mark.long
def test_of_two_that_race_very_often_one_gets_the_job_and_one_the_device(tmp_path: Path) -> None:
    race(tmp_path, 1000)
