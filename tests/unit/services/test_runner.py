"""Running jobs: never two at once on one job, and what a dead process left is taken up by the next."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sql.storage import open_storage
from brewslm.core.errors import BrewError, DiskFullError, InvalidRequestError, LedgerUnavailableError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.job import JobStatus
from brewslm.services.flows import Flow, FlowOutcome, FlowRun
from brewslm.services.jobs.claim import LEASE
from tests.fakes.storage import MemoryStorage
from tests.unit.scene import Scene

DONE = Draft(reason=Reason.AUTOPILOT, summary="Done.", payload=Autopilot(stages=(), verdict="done"))


def flow_of(act: Callable[[FlowRun], Any] = lambda _run: None) -> dict[str, Flow]:
    def flow(_payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
        act(run)
        return FlowOutcome(artifact_id=None, event=DONE)

    return dict.fromkeys(("import", "autopilot", "evaluation", "optimize"), flow)


def raising(error: Exception) -> Callable[[FlowRun], Any]:
    def act(_run: FlowRun) -> None:
        raise error

    return act


def test_a_job_is_done_and_recorded(scene: Scene) -> None:
    job = scene.runner(flow_of()).run(scene.queue().id)
    assert (job.status, job.phase, job.fraction, job.attempt) == (JobStatus.COMPLETED, "completed", 1.0, 1)
    assert (job.reason, job.error, job.lease_expires_at) == ("autopilot", None, None)
    assert scene.reasons(job.run_id) == ["autopilot"]


def test_a_flow_that_fails_says_where_and_why(scene: Scene) -> None:
    error = InvalidRequestError("--file 'x' is no file; name one.")
    job = scene.runner(flow_of(raising(error))).run(scene.queue().id)
    assert (job.status, job.reason, job.error) == (JobStatus.FAILED, "system_request_invalid", str(error))
    (event,) = scene.events(job.run_id)
    assert (event.reason, event.summary) == ("autopilot_stopped", f"import stopped at starting: {error}")


def test_a_flow_that_crashes_is_one_clear_line(scene: Scene) -> None:
    job = scene.runner(flow_of(raising(ZeroDivisionError("division by zero")))).run(scene.queue().id)
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_internal")
    assert "ZeroDivisionError" in (job.error or "")
    assert "\n" not in (job.error or "")


def test_a_full_disk_in_a_flow_is_called_a_full_disk(scene: Scene) -> None:
    job = scene.runner(flow_of(raising(OSError(28, "No space left on device", "order.tmp")))).run(scene.queue().id)
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_disk_full")


def test_a_flow_that_nobody_knows_ends_its_job(scene: Scene) -> None:
    job = scene.runner({}).run(scene.queue().id)
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_internal")


def test_a_job_of_a_living_owner_is_waited_for_and_not_done_twice(scene: Scene) -> None:
    claim = scene.claim("import", owner="other")
    sleep, waits = scene.clock.sleep, []

    def wait(seconds: float) -> None:
        sleep(seconds)
        waits.append(seconds)
        if len(waits) == 5:
            with claim.transaction() as transaction:
                claim.finish(transaction, JobStatus.COMPLETED, DONE)

    scene.clock.sleep = wait  # type: ignore[method-assign]
    job = scene.runner(flow_of(raising(AssertionError("done twice")))).run(claim.job.id)
    assert (job.status, job.attempt, len(waits)) == (JobStatus.COMPLETED, 1, 5)


def test_a_job_whose_owner_is_gone_is_taken_up_at_once(scene: Scene) -> None:
    claim = scene.claim("import", owner="dead")
    job = scene.runner(flow_of(), gone=lambda owner: owner == "dead").run(claim.job.id)
    assert (job.status, job.attempt, job.lease_owner) == (JobStatus.COMPLETED, 2, "one")
    recovered, done = scene.events(job.run_id)
    assert (recovered.reason, recovered.severity, done.reason) == ("system_recovered", "warning", "autopilot")
    assert recovered.payload == {"job_id": job.id, "kind": "import", "former_owner": "dead"}


def test_a_job_whose_lease_ran_out_is_taken_up(scene: Scene) -> None:
    claim = scene.claim("import", owner="silent")
    runner = scene.runner(flow_of())
    assert runner._claim(claim.job.id) is None
    scene.clock.advance(LEASE.total_seconds())
    assert runner._claim(claim.job.id) is None
    scene.clock.advance(0.001)
    assert runner.run(claim.job.id).status is JobStatus.COMPLETED
    assert scene.reasons(claim.job.run_id) == ["system_recovered", "autopilot"]


@pytest.mark.parametrize("hours", [-3, 10, 3 * 365 * 24])
def test_a_clock_that_jumps_takes_no_job_from_a_process_that_lives(scene: Scene, hours: int) -> None:
    claim = scene.claim("import", owner="other")
    runner = scene.runner(flow_of(raising(AssertionError("stolen"))))
    for _ in range(20):
        assert runner._claim(claim.job.id) is None
        scene.clock.advance(LEASE.total_seconds() / 2)
        scene.clock.jump(hours * 3600)
        claim.renew()
    assert scene.job(claim.job.id).attempt == 1


@pytest.mark.parametrize("hours", [-3, 10])
def test_a_clock_that_jumps_hides_no_process_that_fell_silent(scene: Scene, hours: int) -> None:
    claim = scene.claim("import", owner="silent")
    runner = scene.runner(flow_of())
    assert runner._claim(claim.job.id) is None
    scene.clock.jump(hours * 3600)
    scene.clock.advance(LEASE.total_seconds() + 0.001)
    assert runner.run(claim.job.id).status is JobStatus.COMPLETED


def test_a_queued_job_is_no_recovery(scene: Scene) -> None:
    job = scene.runner(flow_of(), gone=lambda _owner: True).run(scene.queue().id)
    assert scene.reasons(job.run_id) == ["autopilot"]


def test_a_job_that_has_ended_is_not_done_again(scene: Scene) -> None:
    runner = scene.runner(flow_of())
    first = runner.run(scene.queue().id)
    assert scene.runner(flow_of(raising(AssertionError("again")))).run(first.id) == first


class StumblingStorage(MemoryStorage):
    """A ledger whose disk is full for as many writes as the test says."""

    failures = 0

    def write(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise DiskFullError("No space is left for the ledger; free some.")
        return super().write()


def test_a_failure_that_cannot_be_recorded_is_raised_and_the_job_taken_up_later(tmp_path: Path) -> None:
    storage = StumblingStorage()
    scene = Scene(tmp_path, storage=storage)

    def fill(_run: FlowRun) -> None:
        storage.failures = 1
        raise InvalidRequestError("odd")

    job = scene.queue()
    with pytest.raises(DiskFullError):
        scene.runner(flow_of(fill)).run(job.id)
    assert scene.job(job.id).status is JobStatus.RUNNING
    scene.clock.advance(LEASE.total_seconds() + 1)
    assert scene.runner(flow_of(), owner="one").run(job.id).status is JobStatus.COMPLETED


def test_a_ledger_that_was_away_fails_no_job(scene: Scene) -> None:
    lives: list[int] = []

    def act(run: FlowRun) -> None:
        lives.append(run.claim.job.attempt)
        if len(lives) < 3:
            raise LedgerUnavailableError("'the ledger' cannot be reached just now; start it.")

    job = scene.runner(flow_of(act)).run(scene.queue().id)
    assert (job.status, job.error, lives) == (JobStatus.COMPLETED, None, [1, 2, 3])
    again, _, _ = scene.events(job.run_id)
    assert again.reason == "system_recovered"
    assert again.summary == f"Job {job.id} (import) was taken up again after its ledger had not answered"


def test_a_process_that_lost_its_job_leaves_it_to_the_other(scene: Scene) -> None:
    other = []

    def act(run: FlowRun) -> None:
        other.append(scene.take_over(run.claim, owner="two"))

    sleep = scene.clock.sleep

    def wait(seconds: float) -> None:
        sleep(seconds)
        with other[0].transaction() as transaction:
            other[0].finish(transaction, JobStatus.COMPLETED, DONE)

    scene.clock.sleep = wait  # type: ignore[method-assign]
    job = scene.runner(flow_of(act)).run(scene.queue().id)
    assert (job.status, job.lease_owner) == (JobStatus.COMPLETED, "two")
    assert scene.reasons(job.run_id) == ["autopilot"]


class Lanes:
    """Several processes that serve one ledger, until all jobs have ended."""

    def __init__(self, scene: Scene, flows: dict[str, Flow], count: int) -> None:
        self._scene = scene
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=scene.runner(flows, owner=f"process-{number}").serve, args=(self._stop,))
            for number in range(count)
        ]

    def serve_until(self, is_done: threading.Event) -> None:
        for thread in self._threads:
            thread.start()
        try:
            assert is_done.wait(timeout=20)
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(timeout=20)
        assert not any(thread.is_alive() for thread in self._threads)


def test_two_processes_never_do_one_job_twice(scene: Scene) -> None:
    num_jobs = 60
    done: Counter[int] = Counter()
    owners: set[str] = set()
    lock, is_done, both_at_work = threading.Lock(), threading.Event(), threading.Event()

    def act(run: FlowRun) -> None:
        run.claim.progress(0.5, "half")
        with lock:
            owners.add(run.owner)
            if len(owners) == 2:
                both_at_work.set()
        assert both_at_work.wait(timeout=10)
        with lock:
            done[run.claim.job.id] += 1
            if sum(done.values()) >= num_jobs:
                is_done.set()

    kinds = ("import", "autopilot", "evaluation")
    jobs = [scene.queue(kinds[number % 3]) for number in range(num_jobs)]
    Lanes(scene, flow_of(act), 2).serve_until(is_done)
    assert done == dict.fromkeys([job.id for job in jobs], 1)
    ended = [scene.job(job.id) for job in jobs]
    assert {(job.status, job.attempt) for job in ended} == {(JobStatus.COMPLETED, 1)}
    assert Counter(scene.reasons()) == {"autopilot": num_jobs}
    assert scene.storage.verify_events()[1] == ()


def test_the_device_does_one_job_at_a_time_and_light_work_goes_on_beside_it(scene: Scene) -> None:
    heavy = threading.Semaphore(1)
    light_done, is_done = threading.Event(), threading.Event()

    def act(run: FlowRun) -> None:
        if run.claim.job.kind == "import":
            light_done.set()
            return
        assert heavy.acquire(blocking=False), "two jobs on one device"
        assert light_done.wait(timeout=10), "light work waits for the device"
        heavy.release()
        if run.claim.job.id == last.id:
            is_done.set()

    scene.queue("autopilot")
    scene.queue("evaluation")
    last = scene.queue("optimize")
    scene.queue("import")
    Lanes(scene, flow_of(act), 1).serve_until(is_done)


def test_a_lane_goes_on_after_what_nobody_foresaw(scene: Scene) -> None:
    is_done = threading.Event()
    runner = scene.runner(flow_of(lambda _run: is_done.set()))
    find, calls = runner._next, []

    def stumble(*, is_heavy: bool) -> Any:
        calls.append(is_heavy)
        if len(calls) <= 2:
            raise ValueError("a row of another age")
        return find(is_heavy=is_heavy)

    runner._next = stumble  # type: ignore[method-assign]
    scene.queue()
    stop = threading.Event()
    thread = threading.Thread(target=runner.serve, args=(stop,))
    thread.start()
    try:
        assert is_done.wait(timeout=20)
    finally:
        stop.set()
        thread.join(timeout=20)


def test_steps_of_a_flow_are_left_to_the_flow(scene: Scene) -> None:
    flow = scene.claim("autopilot", owner="other")
    with scene.storage.write() as transaction:
        transaction.jobs.add(
            project_id=scene.project.id, kind="train", payload={}, created_at=scene.clock.now(), parent_id=flow.job.id
        )
    runner = scene.runner(flow_of())
    assert runner._next(is_heavy=True) is None
    assert runner._next(is_heavy=False) is None


def test_a_failure_that_was_recorded_is_not_raised(scene: Scene) -> None:
    job = scene.runner(flow_of(raising(BrewError("plain")))).run(scene.queue().id)
    assert job.status is JobStatus.FAILED


def test_two_processes_on_one_database_file_never_do_one_job_twice(tmp_path: Path) -> None:
    scene = Scene(tmp_path, storage=open_storage(tmp_path / "brewslm.db"))  # type: ignore[arg-type]
    other = scene.ports_with(storage=open_storage(tmp_path / "brewslm.db"))
    num_jobs = 12
    done: list[tuple[str, int]] = []
    lock, is_done, both_at_work = threading.Lock(), threading.Event(), threading.Event()

    def act(run: FlowRun) -> None:
        with lock:
            done.append((run.owner, run.claim.job.id))
            if len({owner for owner, _ in done}) == 2:
                both_at_work.set()
            if len(done) >= num_jobs:
                is_done.set()
        assert both_at_work.wait(timeout=10)

    jobs = [scene.queue() for _ in range(num_jobs)]
    runners = [scene.runner(flow_of(act), owner="one"), scene.runner(flow_of(act), owner="two", ports=other)]
    stop = threading.Event()
    threads = [threading.Thread(target=runner.serve, args=(stop,)) for runner in runners]
    for thread in threads:
        thread.start()
    try:
        assert is_done.wait(timeout=20)
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=20)
    assert sorted(job_id for _, job_id in done) == [job.id for job in jobs]
    assert {scene.job(job.id).status for job in jobs} == {JobStatus.COMPLETED}
    assert scene.storage.verify_events() == (num_jobs + 1, ())
