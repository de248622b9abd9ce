"""Forks: what a training may begin with, what is refused before a worker starts, and what is remembered of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.checkpoints.fork import AtStep, Fork
from brewslm.core.ids import ExperimentId
from brewslm.core.job import Job, JobStatus
from brewslm.core.recipe.recipe import Recipe
from brewslm.services.audit.audit import Audit
from brewslm.stages.train.contract import TrainInputs
from tests.fakes.engine import Play
from tests.unit.checkpoints import write_checkpoint
from tests.unit.scene import Scene, answering
from tests.unit.stages.train.test_stage import Teacher, plan, trained

FIRST = ExperimentId(1)


class School:
    """A project in which one training has left checkpoints, and a worker that remembers its orders."""

    def __init__(self, folder: Path, **choices: Any) -> None:
        self.teacher = Teacher()
        self.worker: Play = answering(self.teacher)
        self.scene = Scene(folder, self.play)
        self.manifest: Manifest = self.scene.manifest()
        self.plan: Readiness = plan(self.scene, self.manifest, **choices)
        self.first = self.train()
        self.run = self.scene.folder / "experiments" / "exp-001"
        for step, loss in ((2, 1.4), (4, 1.2), (6, 1.3)):
            write_checkpoint(self.run, step, eval_loss=loss)

    def play(self, directory: Path, attempt: int) -> int | None:
        return self.worker(directory, attempt)

    def train(self, step: AtStep | None = None, readiness: Readiness | None = None) -> Job:
        readiness = readiness or self.plan
        fork = Fork(experiment_id=FIRST, step=step) if step is not None else None
        inputs = TrainInputs(readiness_id=readiness.id, manifest_id=readiness.manifest_id, fork=fork)
        return self.scene.run_stage("train", inputs)

    def refused(self, step: AtStep = "best", readiness: Readiness | None = None) -> str:
        """Order a fork that must be refused before a worker starts or an experiment is numbered."""
        job = self.train(step, readiness)
        assert (job.status, job.reason) == (JobStatus.FAILED, "training_fork_refused"), job.error
        assert len(self.teacher.orders) == 1
        with self.scene.storage.read() as transaction:
            assert len(transaction.experiments.list(self.scene.project.id)) == 1
        return job.error or ""


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


def test_a_fork_is_ordered_with_weights_of_its_own_that_outlive_the_checkpoint(school: School) -> None:
    job = school.train("best")
    parent = school.teacher.orders[-1].parent
    assert (parent.experiment_id, parent.step, parent.base_model, parent.method) == (1, 4, "tiny", "lora")
    kept = Path(parent.folder)
    assert kept == school.scene.folder / "experiments" / "exp-002" / "parent" / "step-000004.e1"
    shutil.rmtree(school.run)
    assert {path.relative_to(kept).as_posix(): path.read_text() for path in kept.rglob("adapter/*")} == {
        "adapter/adapter_model.safetensors": "adapter/adapter_model.safetensors of step 4",
        "adapter/adapter_config.json": "adapter/adapter_config.json of step 4",
    }
    assert not (kept / "optimizer.safetensors").exists()
    assert ", from step 4 of experiment 1: eval loss" in school.scene.events(job.run_id)[-1].summary


def test_where_names_cannot_be_given_twice_the_weights_are_copied(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_target: Path, _source: Path) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert school.train("last").status is JobStatus.COMPLETED
    kept = Path(school.teacher.orders[-1].parent.folder)
    assert (kept / "adapter" / "adapter_model.safetensors").read_text().endswith("of step 6")


def test_the_adapter_and_its_lineage_know_where_it_began(school: School) -> None:
    changed = plan(school.scene, school.manifest, overrides={"optim.learning_rate": 1e-5})
    adapter = school.scene.read(Adapter, school.train(4, changed))
    assert (adapter.origin.experiment_id, adapter.origin.step, adapter.origin.readiness_id) == (1, 4, school.plan.id)
    assert adapter.origin.adapter_id == school.first.artifact_id  # the adapter of the first is that of step 4
    assert school.scene.read(Adapter, school.train(2)).origin.adapter_id is None
    chain = Audit(school.scene.storage, school.scene.store).lineage(school.scene.project.id, adapter.id)
    assert {record.id for record in chain} >= {school.first.artifact_id, school.plan.id, changed.id}


def test_a_job_that_is_taken_up_again_begins_with_what_it_has_ordered(tmp_path: Path) -> None:
    def disappear(_directory: Path, _attempt: int) -> int | None:
        raise KeyboardInterrupt

    school = School(tmp_path)
    school.worker = disappear
    with pytest.raises(KeyboardInterrupt):
        school.train("best")
    write_checkpoint(school.run, 8, eval_loss=0.1)  # a better one comes, and all others go
    for old in (2, 4, 6):
        shutil.rmtree(school.run / "checkpoints" / f"step-{old:06d}.e1")
    school.worker = answering(school.teacher)
    job = school.scene.runner(owner="two", gone=lambda _: True).run(school.scene.jobs.list()[0].id)
    assert job.status is JobStatus.COMPLETED, job.error
    assert school.scene.read(Adapter, job).origin.step == 4


def test_full_fine_tuning_is_forked_from_a_model(tmp_path: Path) -> None:
    school = School(tmp_path, overrides={"method": "full"})
    write_checkpoint(school.run, 8, part="model")
    school.train("last")
    kept = Path(school.teacher.orders[-1].parent.folder)
    assert sorted(path.name for path in kept.iterdir()) == ["MANIFEST.json", "model"]


def test_what_is_not_there_is_refused(school: School) -> None:
    assert school.refused(5) == "exp-001 has no checkpoint of step 5; it has those of steps 2, 4, 6: name one of them."
    inputs = TrainInputs(
        readiness_id=school.plan.id, manifest_id=school.manifest.id, fork=Fork(experiment_id=ExperimentId(9))
    )
    job = school.scene.run_stage("train", inputs)
    assert (job.status, job.reason) == (JobStatus.FAILED, "training_fork_refused")
    assert "has no experiment 9" in (job.error or "")


@pytest.mark.parametrize("harm", ["flip", "truncate", "remove"])
def test_a_damaged_checkpoint_is_refused_with_its_file(school: School, harm: str) -> None:
    file = school.run / "checkpoints" / "step-000004.e1" / "adapter" / "adapter_model.safetensors"
    content = file.read_bytes()
    file.unlink()
    if harm != "remove":
        file.write_bytes(content[:-4] if harm == "truncate" else content[:-1] + b"?")
    line = school.refused()
    assert line.startswith("exp-001: The checkpoint step-000004.e1 is damaged: adapter/adapter_model.safetensors ")
    assert school.train(6).status is JobStatus.COMPLETED


def test_weights_that_do_not_fit_the_plan_are_refused(school: School) -> None:
    for overrides, line in (
        ({"method": "full"}, "with method='lora', and this plan has 'full': plan with `--set method=lora`"),
        ({"lora.lora_rank": 8, "lora.lora_alpha": 32}, "has lora.lora_rank=16, and this plan has 8"),
    ):
        assert line in school.refused("best", plan(school.scene, school.manifest, overrides=overrides))
    other = school.scene.readiness(school.manifest, Recipe(base_model="another"))
    assert "on the base model 'tiny', and this plan is for 'another'" in school.refused("best", other)


def test_a_failed_training_can_be_forked(school: School) -> None:
    def fail(order: Any, directory: Path) -> Any:
        return trained(directory, step=0)

    school.worker = answering(fail)
    assert school.train().status is JobStatus.FAILED
    write_checkpoint(school.scene.folder / "experiments" / "exp-002", 3)
    school.worker = answering(school.teacher)
    fork = Fork(experiment_id=ExperimentId(2), step="last")
    inputs = TrainInputs(readiness_id=school.plan.id, manifest_id=school.manifest.id, fork=fork)
    assert school.scene.read(Adapter, school.scene.run_stage("train", inputs)).origin.experiment_id == 2
