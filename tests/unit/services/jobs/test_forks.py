"""Forks of jobs, and an autopilot that begins from a checkpoint."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.checkpoints.fork import Fork
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import ExperimentId, JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.wire.order import TrainOrder
from brewslm.services.jobs.forks import Forks
from brewslm.services.requests import AutopilotRequest, ForkRequest
from tests.unit.checkpoints import write_checkpoint
from tests.unit.services.test_autopilot import FLOWS, House, imported


class School(House):
    """A project with data, whose trainings leave checkpoints."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        imported(self)
        overrides: dict[str, Any] = {"lora.lora_rank": 8, "data.num_epochs": 2}
        self.first = self.do("autopilot", AutopilotRequest(profile="safe", overrides=overrides))
        self.leave_checkpoints()

    def leave_checkpoints(self) -> None:
        for step, loss in ((2, 1.4), (4, 1.2), (6, 1.3)):
            write_checkpoint(self.run_of(1), step, eval_loss=loss)

    @property
    def newest(self) -> int:
        with self.storage.read() as transaction:
            return transaction.experiments.list(self.project.id)[-1].id

    def run_of(self, experiment: int) -> Path:
        return self.folder / "experiments" / f"exp-{experiment:03d}"

    def fork(self, job: Job, request: ForkRequest) -> Job:
        project_id, order = Forks(self.ports).request(job.id, request)
        assert project_id == self.project.id
        return self.do("autopilot", order)

    def plan_of(self, job: Job) -> Readiness:
        (child,) = (child for child in self.jobs.list(parent_id=job.id) if child.kind == "preflight")
        readiness: Readiness = self.read(Readiness, child)
        return readiness

    def order_of(self, experiment: int) -> TrainOrder:
        return TrainOrder.model_validate_json((self.run_of(experiment) / "order.json").read_bytes())


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    """One for all, since importing takes longer than all tests here; each adds trainings to it."""
    return School(tmp_path_factory.mktemp("school"))


def test_a_job_is_forked_with_its_data_and_recipe_and_the_changes(school: School) -> None:
    # Meanwhile the project has moved on to another preparation.
    school.do("autopilot", AutopilotRequest(one_click=False, max_seq_len=64))
    job = school.fork(school.first, ForkRequest(overrides={"optim.learning_rate": 1e-5}))
    assert job.status is JobStatus.COMPLETED, job.error
    before, after = school.plan_of(school.first).plan.recipe, school.plan_of(job).plan.recipe
    assert before.optim.learning_rate != 1e-5
    changed = before.optim.model_copy(update={"learning_rate": 1e-5})
    assert after == before.model_copy(update={"optim": changed})
    first, order = school.order_of(1), school.order_of(school.newest)
    assert order.manifest_id == first.manifest_id
    assert order.parent is not None
    assert (order.parent.experiment_id, order.parent.step) == (1, 4)
    assert school.read(EvalReport, job).verdict == "better"


def test_what_follows_from_a_change_follows_in_the_fork(school: School) -> None:
    job = school.fork(school.first, ForkRequest(step="last", overrides={"data.num_epochs": 4}))
    before, after = school.plan_of(school.first).plan.recipe, school.plan_of(job).plan.recipe
    assert before.data.total_steps is not None
    assert after.data.total_steps == 2 * before.data.total_steps


def test_a_fork_of_a_fork_keeps_its_changes(school: School) -> None:
    second = school.fork(school.first, ForkRequest(overrides={"optim.weight_decay": 0.1}))
    write_checkpoint(school.run_of(school.newest), 3)
    third = school.fork(second, ForkRequest(step="last", overrides={"seed": 7}))
    assert third.status is JobStatus.COMPLETED, third.error
    recipe = school.plan_of(third).plan.recipe
    assert (recipe.optim.weight_decay, recipe.seed, recipe.lora.lora_rank) == (0.1, 7, 8)


def test_the_autopilot_trains_the_adapter_that_it_begins_with(school: School) -> None:
    fork = Fork(experiment_id=ExperimentId(1), step=2)
    job = school.do("autopilot", AutopilotRequest(fork=fork))
    assert job.status is JobStatus.COMPLETED, job.error
    assert school.plan_of(job).plan.recipe.lora.lora_rank == 8
    parent = school.order_of(school.newest).parent
    assert parent is not None
    assert parent.step == 2


def test_a_checkpoint_that_is_not_there_stops_the_flow_before_its_first_step(school: School) -> None:
    before = school.kinds()
    for fork, line in (
        (Fork(experiment_id=ExperimentId(1), step=5), "has no checkpoint of step 5"),
        (Fork(experiment_id=ExperimentId(7)), "has no experiment 7"),
    ):
        job = school.do("autopilot", AutopilotRequest(fork=fork))
        assert (job.status, job.reason) == (JobStatus.FAILED, "system_not_found")
        assert line in (job.error or "")
    assert school.kinds() == before
    with pytest.raises(NotFoundError, match="has no checkpoint of step 5"):
        school.fork(school.first, ForkRequest(step=5))


def test_a_flow_that_is_taken_up_again_needs_the_checkpoint_no_more(school: School) -> None:
    def disappear(_directory: Path, _attempt: int) -> int | None:
        raise KeyboardInterrupt

    answer = school.engine._play
    school.engine._play = disappear
    with pytest.raises(KeyboardInterrupt):
        school.fork(school.first, ForkRequest())
    shutil.rmtree(school.run_of(1) / "checkpoints")
    school.engine._play = answer
    flow = next(job for job in school.jobs.list() if job.parent_id is None)
    runner = school.runner(FLOWS, owner="two", gone=lambda _: True, ports=school.ports)
    assert runner.run(flow.id).status is JobStatus.COMPLETED
    school.leave_checkpoints()


def test_a_job_that_trained_nothing_cannot_be_forked(school: School) -> None:
    job = next(job for job in school.jobs.list() if job.kind == "import")
    with pytest.raises(ConflictError, match=r"job \d+ \(import, completed\) has trained nothing to fork"):
        school.fork(job, ForkRequest())
    with pytest.raises(NotFoundError):
        Forks(school.ports).request(JobId(999), ForkRequest())


def test_data_is_named_once() -> None:
    with pytest.raises(ValueError, match="leave one of them out"):
        AutopilotRequest.model_validate({"manifest_id": "manifest-0", "max_seq_len": 64})


@pytest.mark.parametrize("fork", [Fork(experiment_id=ExperimentId(9)), Fork(experiment_id=ExperimentId(1), step=5)])
def test_what_is_not_there_is_refused_before_anything_waits_for_the_device(tmp_path: Path, fork: Fork) -> None:
    school = School(tmp_path)
    forks = Forks(school.ports)
    forks.check(school.project.id, Fork(experiment_id=ExperimentId(1), step=4))
    with pytest.raises(NotFoundError):
        forks.check(school.project.id, fork)
