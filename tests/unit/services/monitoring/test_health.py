"""Health of a job: read from its run directory, and while it runs, with what its machine has left."""

from datetime import timedelta

import pytest

from brewslm.adapters.files.thresholds import YamlThresholdFiles
from brewslm.adapters.logs.files import FileTrainingLogs
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId
from brewslm.core.wire.progress import LogRecord, Record, StartedRecord
from brewslm.services.jobs.claim import Claim
from brewslm.services.monitoring.health import RunHealth
from tests.unit.scene import Scene


def health_of(scene: Scene) -> RunHealth:
    return RunHealth(scene.ports, FileTrainingLogs(), YamlThresholdFiles(scene.folder))


def training(scene: Scene, *, num: int = 30, loss: float | None = 2.0) -> Claim:
    """Claim a training whose worker has written a journal up to now."""
    claim = scene.claim("train")
    with scene.storage.write() as transaction:
        transaction.experiments.add(
            project_id=scene.project.id, job_id=claim.job.id, plan_id=ArtifactId("p"), created_at=scene.clock.now()
        )
    begun = scene.clock.now().timestamp() - num
    records: list[Record] = [StartedRecord(seq=1, time=begun, attempt=1, device="cpu", total_steps=100)]
    records += [
        LogRecord(
            seq=at + 1,
            time=begun + at,
            attempt=1,
            step=at,
            total_steps=100,
            epoch=0.1,
            loss=loss if at == num else 3 - at / 100,
            learning_rate=1e-4,
            grad_norm=1.0,
            tokens_per_second=900.0,
            samples_per_second=3.0,
            step_seconds=1.0,
            memory_bytes=7,
            non_finite={"loss": "nan"} if at == num and loss is None else {},
        )
        for at in range(1, num + 1)
    ]
    folder = scene.folder / "experiments" / "exp-001"
    folder.mkdir(parents=True)
    (folder / "log.jsonl").write_text("".join(record.model_dump_json() + "\n" for record in records))
    return claim


def test_a_training_that_runs_well_is_ok(scene: Scene) -> None:
    report = health_of(scene).of_job(training(scene).job.id)
    assert (report.verdict.verdict, report.verdict.step, report.format) == ("ok", 30, "journal")


def test_a_loss_that_is_no_number_is_critical(scene: Scene) -> None:
    report = health_of(scene).of_job(training(scene, loss=None).job.id)
    assert report.verdict.verdict == "critical"
    assert [one.detector for one in report.verdict.findings] == ["non_finite"]


def test_a_running_training_that_writes_nothing_is_stalled_by_the_clock_and_one_that_ended_is_not(scene: Scene) -> None:
    claim = training(scene)
    scene.clock.advance(timedelta(hours=1).total_seconds())
    assert [one.detector for one in health_of(scene).of_job(claim.job.id).verdict.findings] == ["stall"]
    with scene.storage.write() as transaction:
        job = transaction.jobs.get(claim.job.id)
        transaction.jobs.change(job, status="failed")
    assert health_of(scene).of_job(claim.job.id).verdict.findings == ()


def test_asking_twice_gives_the_same_bytes(scene: Scene) -> None:
    claim = training(scene, loss=None)
    ask = health_of(scene).of_job
    assert ask(claim.job.id).model_dump_json() == ask(claim.job.id).model_dump_json()


def test_the_workspaces_thresholds_count(scene: Scene) -> None:
    claim = training(scene)
    path = scene.folder / "config" / "thresholds.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("gradient: {limit: 0.5}\n")
    assert [one.detector for one in health_of(scene).of_job(claim.job.id).verdict.findings] == ["gradient_norm"]


def test_a_job_without_a_training_log_is_refused(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="no training log"):
        health_of(scene).of_job(scene.queue("evaluate").id)
