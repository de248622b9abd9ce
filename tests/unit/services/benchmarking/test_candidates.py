"""The candidates of a benchmark: side by side where there is room, one after another where not, and each for itself."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.engines.settings import EngineSettings, SlurmSettings
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.engines.clusters import NoClusters
from brewslm.core.wire.order import ProbeOrder
from brewslm.core.wire.result import ModelMeasurement, ProbeResult, RowScores
from brewslm.core.wire.rundir import PLACEMENT_FILE, RESULT_FILE
from brewslm.services.benchmarking.candidates import measure_each
from brewslm.services.flows import Flow, FlowOutcome, FlowRun
from brewslm.services.jobs.queue import Jobs
from tests.fakes.engine import WorkerVanished
from tests.fakes.machine import LAPTOP
from tests.unit.scene import Scene, order_in

LONGEST_SECONDS = 20.0


class Described(NoClusters):
    """A workspace that knows a Slurm of so many slots."""

    def __init__(self, max_jobs: int) -> None:
        self._settings = EngineSettings(slurm=SlurmSettings(max_jobs=max_jobs))

    def settings(self) -> EngineSettings:
        return self._settings


class Field:
    """A project, and workers that answer at once, or wait until so many are at work."""

    def __init__(self, folder: Path, *, num_gpus: int = 0, max_jobs: int | None = None, together: int = 1) -> None:
        self.scene = Scene(folder, self._play)
        self.scene.machine.facts_now = LAPTOP.model_copy(update={"gpus": ("gpu",) * num_gpus})
        self.ports = self.scene.ports_with(**({} if max_jobs is None else {"clusters": Described(max_jobs)}))
        self.jobs = Jobs(self.ports, actor="cli")
        self.results: tuple[ProbeResult, ...] = ()
        self.at_work: list[str] = []
        self.most = 0
        self.plays: Counter[str] = Counter()
        self.trouble: dict[str, Any] = {}
        self._together = threading.Barrier(together)
        self._guard = threading.Lock()

    def _play(self, directory: Path, attempt: int) -> int:
        order = order_in(directory)
        assert isinstance(order, ProbeOrder)
        with self._guard:
            self.plays[order.name] += 1
            self.at_work.append(order.name)
            self.most = max(self.most, len(self.at_work))
        try:
            self._together.wait(LONGEST_SECONDS)
            trouble = self.trouble.get(order.name)
            if callable(trouble):
                trouble(attempt)
            result = answer(order.name, trouble if isinstance(trouble, str) else "")
            (directory / RESULT_FILE).write_text(result.model_dump_json())
        finally:
            with self._guard:
                self.at_work.remove(order.name)
        return 0

    def flow(self, *names: str, at_end: Any = None) -> dict[str, Flow]:
        def flow(_payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
            self.results = measure_each([order(name) for name in names], run)
            if at_end is not None:
                at_end()
            payload = Autopilot(stages=("benchmark",), verdict="measured")
            return FlowOutcome(None, Draft(reason=Reason.AUTOPILOT, summary="Done.", payload=payload))

        return {"benchmark": flow}

    def benchmark(self, *names: str, engine: Any = "local") -> Job:
        job = self.queue(engine=engine)
        return self.scene.runner(self.flow(*names), ports=self.ports).run(job.id)

    def queue(self, *, engine: Any = "local") -> Job:
        from tests.unit.scene import NoRequest

        return self.jobs.submit(self.scene.project.id, "benchmark", NoRequest(), engine=engine)

    def probes(self, job: Job) -> list[Job]:
        return sorted(self.jobs.list(parent_id=job.id), key=lambda one: one.id)

    def placement(self, probe: Job) -> Path:
        return self.scene.folder / "experiments" / f"probe-{probe.id}" / PLACEMENT_FILE


def order(name: str) -> ProbeOrder:
    return ProbeOrder(
        name=name, model_folder=f"/{name}", train_folder="/train", eval_folder="/eval", recipe=None, manifest_id="m"
    )


def answer(name: str, problem: str = "") -> ProbeResult:
    measured = ModelMeasurement(
        name=name,
        zero_shot=RowScores(losses=(1.0, 2.0)),
        probed=None,
        scored_tokens_per_second=10.0,
        trained_tokens_per_second=None,
        learning_rate=None,
        peak_memory_bytes=1,
    )
    return ProbeResult(measured=None if problem else measured, problem=problem, runtime="torch", device="cpu")


def test_each_candidate_is_a_job_with_its_event(tmp_path: Path) -> None:
    field = Field(tmp_path)
    job = field.benchmark("a", "b")
    assert job.status is JobStatus.COMPLETED
    assert [one.measured.name for one in field.results if one.measured] == ["a", "b"]
    probes = field.probes(job)
    assert [(one.kind, one.status, one.payload) for one in probes] == [
        ("probe", "completed", {"model": "a"}),
        ("probe", "completed", {"model": "b"}),
    ]
    events = [event for event in field.scene.events() if event.reason is Reason.BENCHMARK]
    assert {(event.run_id, event.parent_run_id) for event in events} == {(one.run_id, job.run_id) for one in probes}


def test_on_one_device_they_are_measured_one_after_another(tmp_path: Path) -> None:
    field = Field(tmp_path)
    job = field.benchmark("a", "b", "c")
    assert field.most == 1
    assert {one.device for one in field.probes(job)} == {"cpu"}


def test_they_use_every_device_that_is_free(tmp_path: Path) -> None:
    field = Field(tmp_path, num_gpus=3, together=3)
    job = field.benchmark("a", "b", "c")
    assert field.most == 3
    assert {one.device for one in field.probes(job)} == {"gpu:0", "gpu:1", "gpu:2"}


@pytest.mark.parametrize(("taken", "together"), [(0, 3), (1, 2)])
def test_a_cluster_gets_as_many_at_once_as_it_has_slots_left(tmp_path: Path, taken: int, together: int) -> None:
    field = Field(tmp_path, max_jobs=3, together=together)
    for _ in range(taken):
        other = field.queue(engine="slurm")
        with field.scene.storage.write() as transaction:
            transaction.jobs.change(other, status=JobStatus.RUNNING, device="slurm:0", lease_owner="another")
    names = [f"model-{number}" for number in range(2 * together)]
    job = field.benchmark(*names, engine="slurm")
    assert field.most == together
    assert [one.measured.name for one in field.results if one.measured] == names
    assert len({one.device for one in field.probes(job)}) == together
    assert all('"engine":"slurm"' in field.placement(one).read_text() for one in field.probes(job))


def test_one_that_fails_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    def vanish(_attempt: int) -> None:
        raise WorkerVanished

    field = Field(tmp_path)
    field.trouble = {"b": "Memory ran out.", "c": vanish}
    job = field.benchmark("a", "b", "c", "d")
    assert job.status is JobStatus.COMPLETED
    assert [one.status for one in field.probes(job)] == ["completed", "failed", "failed", "completed"]
    assert [bool(one.measured) for one in field.results] == [True, False, False, True]
    assert field.results[1].problem == "Memory ran out."
    assert "the probe worker was ended" in field.results[2].problem
    assert field.plays["c"] == 3


def test_a_benchmark_that_died_measures_nothing_twice(tmp_path: Path) -> None:
    field = Field(tmp_path)

    def die() -> None:
        raise KeyboardInterrupt

    field.trouble = {"b": "Memory ran out."}
    queued = field.queue()
    with pytest.raises(KeyboardInterrupt):
        field.scene.runner(field.flow("a", "b", at_end=die), ports=field.ports).run(queued.id)
    first, field.results = field.results, ()
    runner = field.scene.runner(field.flow("a", "b"), owner="next", gone=lambda _owner: True, ports=field.ports)
    assert runner.run(queued.id).status is JobStatus.COMPLETED
    assert field.results == first
    assert field.plays == {"a": 1, "b": 1}


def test_a_benchmark_that_died_in_between_goes_on_with_what_was_begun(tmp_path: Path) -> None:
    field = Field(tmp_path, num_gpus=2)
    flow = field.queue()
    with field.scene.storage.write() as transaction:
        running = transaction.jobs.change(flow, status=JobStatus.RUNNING, attempt=1, device="gpu:0", lease_owner="dead")
        assert running is not None
        for number, device in enumerate(("gpu:1", "gpu:0")):
            probe = transaction.jobs.add(
                project_id=flow.project_id,
                kind="probe",
                payload={"model": "ab"[number]},
                created_at=flow.created_at,
                parent_id=flow.id,
                idempotency_key=f"flow:{flow.id}:probe-{number}",
            )
            transaction.jobs.change(probe, status=JobStatus.RUNNING, attempt=1, device=device, lease_owner="dead")
    runner = field.scene.runner(field.flow("a", "b"), owner="next", gone=lambda _owner: True, ports=field.ports)
    assert runner.run(flow.id).status is JobStatus.COMPLETED
    assert [(one.status, one.device, one.attempt) for one in field.probes(flow)] == [
        ("completed", "gpu:1", 2),
        ("completed", "gpu:0", 2),
    ]


def test_a_cancelled_benchmark_leaves_no_candidate_open(tmp_path: Path) -> None:
    field = Field(tmp_path)
    queued = field.queue()

    def cancel(_attempt: int) -> None:
        field.jobs.cancel(queued.id)
        raise WorkerVanished

    field.trouble = {"a": cancel, "b": cancel, "c": cancel}
    job = field.scene.runner(field.flow("a", "b", "c"), ports=field.ports).run(queued.id)
    assert job.status is JobStatus.CANCELLED
    assert {one.status for one in field.probes(job)} == {JobStatus.CANCELLED}
    assert sum(field.plays.values()) == 1


def test_a_candidate_that_waits_can_be_cancelled_alone(tmp_path: Path) -> None:
    field = Field(tmp_path)

    def cancel_the_others(_attempt: int) -> None:
        for one in field.jobs.list(statuses=(JobStatus.QUEUED,)):
            field.jobs.cancel(one.id)

    field.trouble = dict.fromkeys("abc", cancel_the_others)
    job = field.benchmark("a", "b", "c")
    assert job.status is JobStatus.COMPLETED
    assert Counter(one.status for one in field.probes(job)) == {"completed": 1, "cancelled": 2}
    assert sorted(one.problem for one in field.results if not one.measured) == [
        f"job {one.id} was cancelled before it began" for one in field.probes(job) if one.status == "cancelled"
    ]
