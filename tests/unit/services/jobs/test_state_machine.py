"""Promise A10: whatever people ask for and wherever processes die, every job has an end, and each step is lawful.

`BREWSLM_TEST_SEQUENCES` sets the number of sequences; each has up to 10 steps.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from brewslm.core.errors import ConflictError
from brewslm.core.events.base import RunEvent
from brewslm.core.job import TRANSITIONS, Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.attempt import FailureFile, MicroBatch
from brewslm.core.wire.rundir import FAILURE_FILE, RESULT_FILE, ExitCode
from brewslm.services.engines.line import uses_device
from brewslm.stages.train.contract import TrainInputs
from tests.fakes.engine import WorkerVanished
from tests.fakes.storage import MemoryStorage
from tests.unit.scene import Scene, journal, leave_result, logged, saved, started
from tests.unit.services.jobs.test_supervision import TRAINED
from tests.unit.services.test_flows import flow_over
from tests.unit.services.test_runner import flow_of

SEQUENCES = int(os.environ.get("BREWSLM_TEST_SEQUENCES", "40"))
MOST_JOBS, MOST_ATTEMPTS = 5, 60
CODES = {"oom": ExitCode.OUT_OF_MEMORY, "nan": ExitCode.NOT_FINITE, "bad": ExitCode.BAD_DATA, "crash": 1}
ENDS = st.sampled_from(["done", "done", "lost", "stays", "stays", *CODES])
MEANWHILE = st.sampled_from(["", "pause", "resume", "cancel", "die", "kill", "finish"])


class Died(BaseException):
    """The process is killed here."""


class Books(MemoryStorage):
    """A ledger whose process dies at a chosen write, before or after its commit, and that looks at every commit."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left: int | None = None
        self.is_committed_first = False
        self.is_watched = False

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        is_last = self.writes_left == 0
        if self.writes_left is not None:
            self.writes_left -= 1
        before = self._state
        with super().write() as transaction:
            yield transaction
            if is_last and not self.is_committed_first:
                raise Died
        if self.is_watched:
            look_at_commit(before.jobs, self._state.jobs, self._state.events[len(before.events) :])
        if is_last:
            raise Died


def look_at_commit(before: dict[Any, Job], after: dict[Any, Job], events: list[RunEvent]) -> None:
    for job in after.values():
        old = before.get(job.id)
        if old is None or old.status is job.status:
            continue
        assert job.status in TRANSITIONS[old.status], f"{old.status} became {job.status}"
        if job.status.is_final:
            assert any(event.run_id == job.run_id for event in events), f"{job.kind} {job.status} without its event"
    holders = [job.id for job in after.values() if job.status is JobStatus.RUNNING and uses_device(job)]
    assert len(holders) <= 1, f"jobs {holders} run on one device"


class Machine(RuleBasedStateMachine):
    """Some jobs, the people who ask for them, and the processes that do them."""

    scene: Scene
    template: Any
    inputs: dict[str, TrainInputs]
    flows: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        scene = self.scene
        shutil.rmtree(scene.folder / "experiments", ignore_errors=True)
        scene.storage._state = self.template.copy()
        scene.storage.writes_left = None  # type: ignore[attr-defined]
        scene.engine.__init__(self._play)  # type: ignore[misc]
        scene.clock.sleep = self._rest  # type: ignore[method-assign]
        self.ends: list[str] = []
        self.meanwhile: list[str] = []
        self.owner = 0
        self.is_calm = False

    # ------------------------------------------------------------------ what people ask for

    @rule(mode=st.sampled_from(["ask", "auto"]), kind=st.sampled_from(["train", "autopilot", "import"]))
    def submit(self, mode: str, kind: str) -> None:
        if len(self._jobs()) < MOST_JOBS:
            self.scene.queue(kind, self.inputs[mode] if kind == "train" else None)

    @rule(
        which=st.integers(0, MOST_JOBS),
        act=st.sampled_from(["pause", "resume", "cancel", "retry", "accept", "refuse", "first"]),
    )
    def ask(self, which: int, act: str) -> None:
        jobs = self._jobs()
        if jobs:
            self._ask(jobs[which % len(jobs)], act)

    # ------------------------------------------------------------------ what processes do

    @rule(
        ends=st.lists(ENDS, max_size=4),
        meanwhile=st.lists(MEANWHILE, max_size=6),
        writes=st.none() | st.integers(0, 25),
        is_committed_first=st.booleans(),
        is_heavy=st.booleans(),
    )
    def serve(
        self, ends: list[str], meanwhile: list[str], writes: int | None, is_committed_first: bool, is_heavy: bool
    ) -> None:
        self.ends, self.meanwhile = ends, meanwhile
        books: Any = self.scene.storage
        books.writes_left, books.is_committed_first = writes, is_committed_first
        with suppress(Died):
            self._serve(is_heavy=is_heavy)
        books.writes_left = None

    @invariant()
    def every_job_waits_for_something_or_is_done_by_somebody(self) -> None:
        for job in self._jobs():
            if job.is_held:
                assert job.waiting_reason
                assert job.phase in {"paused", "waiting"}
            assert job.status is not JobStatus.RUNNING or job.lease_owner
        alive = [path for path, status in self.scene.engine._statuses.items() if status.state == "alive"]
        assert len(alive) <= 1, "two trainings live on one device"

    def teardown(self) -> None:
        """Nobody dies any more, and every question is answered: then every job ends."""
        self.is_calm, self.ends, self.meanwhile = True, [], []
        for _ in range(MOST_JOBS * 10):
            for job in self._jobs():
                self._ask(job, "resume")
                self._ask(job, "accept")
            self._serve(is_heavy=True)
            self._serve(is_heavy=False)
            if all(job.status.is_final for job in self.scene.jobs.list()):
                break
        assert {job.status for job in self.scene.jobs.list()} <= {"completed", "failed", "cancelled"}
        assert max(Counter(path for path, _ in self.scene.engine.submitted).values(), default=0) < MOST_ATTEMPTS
        told = Counter(
            (event.run_id, event.reason, event.payload.get("attempt"))
            for event in self.scene.events()
            if event.reason in {"training_started", "training_recovered", "training_recovery_proposed", "training"}
        )
        assert max(told.values(), default=1) == 1, told
        assert self.scene.storage.verify_events()[1] == ()

    # ------------------------------------------------------------------ how

    def _jobs(self) -> list[Job]:
        return [job for job in reversed(self.scene.jobs.list()) if job.parent_id is None and job.id > len(self._old())]

    def _old(self) -> dict[Any, Job]:
        jobs: dict[Any, Job] = self.template.jobs
        return jobs

    def _ask(self, job: Job, act: str) -> None:
        control = self.scene.control
        with suppress(ConflictError):
            match act:
                case "pause":
                    control.pause(job.id)
                case "resume":
                    control.resume(job.id)
                case "cancel":
                    self.scene.jobs.cancel(job.id)
                case "retry" if len(self._jobs()) < MOST_JOBS:
                    control.retry(job.id)
                case "accept" | "refuse":
                    control.answer(job.id, act)
                case "first":
                    control.prioritize(job.id, job.priority + 1)

    def _serve(self, *, is_heavy: bool) -> None:
        """A new process does what there is to do, until it dies or nothing is left."""
        self.owner += 1
        mine = f"process-{self.owner}"
        runner = self.scene.runner(self.flows, owner=mine, gone=lambda owner: owner != mine)
        while claim := runner._next(is_heavy=is_heavy):
            runner._do(claim)

    def _play(self, directory: Path, attempt: int) -> int | None:
        end = self.ends.pop(0) if self.ends else "done"
        journal(directory, started(attempt), logged(4, attempt=attempt))
        if end == "lost":
            raise WorkerVanished
        if end == "stays":
            return None
        if end == "done":
            return self._finish(directory, attempt)
        held = MicroBatch(num_tokens=1000, num_examples=5)
        failure = FailureFile(attempt=attempt, message="It failed.", step=5, micro_batch=held)
        (directory / FAILURE_FILE).write_text(failure.model_dump_json())
        return CODES[end]

    def _finish(self, directory: Path, attempt: int) -> int:
        folder = directory / TRAINED.checkpoint / "adapter"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter_model.safetensors").write_bytes(directory.name.encode())
        journal(directory, saved(9, attempt))
        leave_result(directory, TRAINED)
        return 0

    def _rest(self, seconds: float) -> None:
        """Time passes beside a living worker, and something happens."""
        scene = self.scene
        scene.clock.advance(seconds)
        living = [(path, status) for path, status in scene.engine._statuses.items() if status.state == "alive"]
        act = self.meanwhile.pop(0) if self.meanwhile else "finish"
        if act == "die" and not self.is_calm:
            raise Died
        if act in {"pause", "resume", "cancel"}:
            for job in self._jobs():
                if job.status is JobStatus.RUNNING:
                    self._ask(job, act)
            return
        for path, status in living:
            if (path / "control" / "pause").exists():
                journal(path, saved(5, status.attempt))
                scene.engine.end(path, ExitCode.PAUSED)
                (path / "control" / "pause").unlink()
            elif act == "kill":
                scene.engine.kill(path)
            elif act == "finish" and not (path / RESULT_FILE).exists():
                self._finish(path, status.attempt)
                scene.engine.end(path, 0)


def check(folder: Path, sequences: int) -> None:
    """Run so many sequences in one workspace, which is put back before each."""
    scene = Scene(folder, lambda _path, _attempt: None, storage=Books())
    manifest = scene.manifest()
    Machine.scene = scene
    Machine.inputs = {
        mode: TrainInputs(
            readiness_id=scene.readiness(manifest, Recipe(base_model="tiny", recovery=mode)).id,  # type: ignore[arg-type]
            manifest_id=manifest.id,
        )
        for mode in ("ask", "auto")
    }
    Machine.flows = {**flow_of(), **flow_over(manifest, recovery="ask")}
    Machine.template = scene.storage._state
    scene.storage.is_watched = True  # type: ignore[attr-defined]
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            print_blob=True,
        ),
    )


def test_every_sequence_of_wishes_failures_and_kills_is_lawful_and_ends(tmp_path: Path) -> None:
    check(tmp_path, SEQUENCES)


@pytest.mark.long
def test_every_sequence_of_very_many_is_lawful_and_ends(tmp_path: Path) -> None:
    check(tmp_path, 750 * SEQUENCES)
