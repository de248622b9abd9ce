"""Training: a ready plan becomes an adapter whose files are hashed, and nothing else starts a worker."""

from pathlib import Path
from typing import Any, get_args

import pytest

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.engines.names import EngineName
from brewslm.core.events.reasons import Reason
from brewslm.core.job import JobStatus
from brewslm.core.ports.engines.clusters import ClusterLook, NoClusters
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.progress import RewardScores
from brewslm.core.wire.result import ExportResult, Result, TrainResult
from brewslm.services.outcome.results import TrainingResults
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.train import leaving
from brewslm.stages.train.contract import TrainInputs
from brewslm.stages.train.leaving import read_results, write_whole
from tests.unit.scene import Scene, answering, journal, logged, started


def trained(directory: Path, **changed: Any) -> TrainResult:
    """Leave what a training leaves."""
    whole = directory / "checkpoints" / "step-4" / "model"
    whole.mkdir(parents=True, exist_ok=True)
    (whole / "model.safetensors").write_bytes(b"weights")
    folder = whole.with_name("adapter")
    folder.mkdir(exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "adapter_config.json").write_text("{}")
    plain = {
        "status": "completed",
        "checkpoint": "checkpoints/step-4",
        "step": 4,
        "last_step": 6,
        "total_steps": 6,
        "base_eval_loss": 2.0,
        "eval_loss": 1.5,
        "final_train_loss": 1.4,
        "training_seconds": 1.0,
        "num_tokens_seen": 100,
        "peak_memory_bytes": None,
    }
    return TrainResult(**{**plain, **changed})


class Teacher:
    """Plays the training worker, and remembers the order."""

    def __init__(self, **changed: Any) -> None:
        self.changed = changed
        self.orders: list[Any] = []

    def __call__(self, order: Any, directory: Path) -> Result:
        self.orders.append(order)
        return trained(directory, **self.changed)


def plan(scene: Scene, manifest: Manifest, **choices: Any) -> Readiness:
    inputs = PreflightInputs(manifest_id=manifest.id, base_model="tiny", **choices)
    return scene.read(Readiness, scene.run_stage("preflight", inputs))


def order_training(scene: Scene, manifest: Manifest, readiness: Readiness) -> Any:
    return scene.run_stage("train", TrainInputs(readiness_id=readiness.id, manifest_id=manifest.id))


class Taking(NoClusters):
    """Clusters that would take work."""

    def look(self, name: EngineName) -> ClusterLook:
        return ClusterLook(name=name, is_reachable=True)


@pytest.mark.parametrize("engine", get_args(EngineName))
def test_the_events_of_a_training_name_the_engine_that_ran_it(tmp_path: Path, engine: EngineName) -> None:
    def teach(order: Any, directory: Path) -> Result:
        journal(directory, started())
        return trained(directory)

    scene = Scene(tmp_path, answering(teach))
    scene.ports = scene.ports_with(clusters=Taking())
    manifest = scene.manifest()
    readiness = plan(scene, manifest, overrides={"placement.engine": engine})
    job = order_training(scene, manifest, readiness)
    by_reason = {event.reason: event for event in scene.events(job.run_id)}
    assert {by_reason[one].payload["backend"] for one in (Reason.TRAINING_STARTED, Reason.TRAINING)} == {engine}
    where = "" if engine == "local" else f", by {engine}"
    assert by_reason[Reason.TRAINING_STARTED].summary.endswith(f"started on cpu{where}")
    assert scene.read(Adapter, job).engine == engine


def test_a_ready_plan_becomes_an_adapter(tmp_path: Path) -> None:
    teacher = Teacher()
    scene = Scene(tmp_path, answering(teacher))
    manifest = scene.manifest()
    readiness = plan(scene, manifest)
    job = order_training(scene, manifest, readiness)
    adapter = scene.read(Adapter, job)

    assert adapter.folder == "experiments/exp-001/checkpoints/step-4/adapter"
    assert [file.path.removeprefix(adapter.folder) for file in adapter.files] == [
        "/adapter_config.json",
        "/adapter_model.safetensors",
    ]
    assert (adapter.step, adapter.base_eval_loss, adapter.eval_loss) == (4, 2.0, 1.5)
    (order,) = teacher.orders
    assert isinstance(order, TrainOrder)
    assert order.recipe == readiness.plan.recipe
    assert order.manifest_id == manifest.id
    assert Path(order.train_folder).is_dir()
    assert scene.reasons(job.run_id) == ["training"]
    record = scene.projects.artifact(scene.project.id, adapter.id)
    assert record.parents == (readiness.id, manifest.id)


def test_full_fine_tuning_leaves_a_model(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Teacher()))
    manifest = scene.manifest()
    job = order_training(scene, manifest, plan(scene, manifest, overrides={"method": "full"}))
    model = scene.read(Adapter, job)
    assert (model.form, model.folder) == ("model", "experiments/exp-001/checkpoints/step-4/model")
    assert [file.path.removeprefix(model.folder) for file in model.files] == ["/model.safetensors"]


def test_a_training_that_ended_early_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Teacher(last_step=4, end="early_stopping")))
    manifest = scene.manifest()
    job = order_training(scene, manifest, plan(scene, manifest))
    assert scene.read(Adapter, job).last_step == 4
    (event,) = scene.events(job.run_id)
    assert "trained 4 of 6 steps, ended by early stopping: eval loss" in event.summary


def test_every_training_is_an_experiment_of_its_own(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Teacher()))
    manifest = scene.manifest()
    readiness = plan(scene, manifest)
    adapters = [scene.read(Adapter, order_training(scene, manifest, readiness)) for _ in range(2)]
    assert [adapter.experiment_id for adapter in adapters] == [1, 2]
    assert (scene.folder / "experiments" / "exp-002" / "order.json").is_file()


def test_a_blocked_plan_starts_no_worker(scene: Scene) -> None:
    manifest = scene.manifest()
    scene.machine.free_bytes = 5
    job = order_training(scene, manifest, plan(scene, manifest))
    assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_blocked")
    assert "0 MB free" in (job.error or "")
    assert scene.engine.submitted == []


def test_a_plan_for_other_data_is_refused(scene: Scene) -> None:
    readiness = plan(scene, scene.manifest())
    other = scene.manifest(seed=7)
    job = order_training(scene, other, readiness)
    assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_data_changed")
    assert other.id in (job.error or "")


@pytest.mark.parametrize("harm", ["remove", "truncate"])
def test_shards_that_went_away_since_the_plan_are_seen_before_a_worker_starts(scene: Scene, harm: str) -> None:
    manifest = scene.manifest()
    readiness = plan(scene, manifest)
    path = scene.shelf.path(manifest.files[0].path)
    path.unlink()
    if harm == "truncate":
        path.write_bytes(b"")
    job = order_training(scene, manifest, readiness)
    assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_data_changed")
    assert manifest.files[0].path in (job.error or "")


def test_a_cancelled_training_is_a_cancelled_job(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Teacher(status="cancelled", last_step=5)))
    manifest = scene.manifest()
    job = order_training(scene, manifest, plan(scene, manifest))
    assert (job.status, job.reason, job.artifact_id) == (JobStatus.CANCELLED, "training_cancelled", None)
    assert "step 5" in (job.error or "")


def test_a_training_without_a_step_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Teacher(step=0)))
    manifest = scene.manifest()
    job = order_training(scene, manifest, plan(scene, manifest))
    assert (job.status, job.reason) == (JobStatus.FAILED, "training_results_incomplete")
    assert "no step was made" in (job.error or "")


def test_a_training_leaves_its_results_and_its_curves(tmp_path: Path) -> None:
    def answer(order: Any, directory: Path) -> Result:
        journal(directory, started(), *(logged(step, loss=2.0 / step) for step in range(1, 7)))
        return trained(directory, end="timeout", why="Stopped after step 4.", last_step=4)

    scene = Scene(tmp_path, answering(answer))
    manifest = scene.manifest()
    job = order_training(scene, manifest, plan(scene, manifest))
    assert job.status is JobStatus.COMPLETED, job.error
    folder = scene.folder / "experiments" / "exp-001"
    results = read_results(folder / "results.yaml")
    assert results == TrainingResults(scene.ports).of_job(job.id)
    assert (results.experiment, results.ended.by, results.ended.why) == ("exp-001", "timeout", "Stopped after step 4.")
    assert results.metrics["eval"]["loss"] == 1.5
    assert results.metrics.keys() == results.baselines.keys()
    assert results.provenance["memory_peak_gb"] == "not measured"
    assert (folder / "curves.svg").read_text().startswith("<svg")
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not list(folder.glob(".*"))


def test_a_training_whose_results_are_not_its_own_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path, answering(Teacher()))
    manifest = scene.manifest()

    def forget(path: Path, content: bytes) -> None:
        write_whole(path, content.replace(b"best_step: 4", b"best_step: 3"))

    monkeypatch.setattr(leaving, "write_whole", forget)
    job = order_training(scene, manifest, plan(scene, manifest))
    assert (job.status, job.reason, job.artifact_id) == (JobStatus.FAILED, "training_results_incomplete", None)
    assert "tells other figures" in (job.error or "")


def test_the_answer_to_another_order_is_refused(tmp_path: Path) -> None:
    def answer(_order: Any, _directory: Path) -> Result:
        return ExportResult(
            dtype="float32",
            num_examples=1,
            adapter_loss=1.0,
            merged_loss=1.0,
            largest_logprob_difference=0.0,
            same_greedy_tokens=True,
            runtime="none",
        )

    scene = Scene(tmp_path, answering(answer))
    manifest = scene.manifest()
    job = order_training(scene, manifest, plan(scene, manifest))
    assert (job.status, job.reason) == (JobStatus.FAILED, "training_runtime_error")
    assert "'export'" in (job.error or "")


def test_rewards_of_the_best_checkpoint_are_kept_and_told(tmp_path: Path) -> None:
    rewards = RewardScores(
        accuracy=0.75, baseline_accuracy=0.5, margin=0.4, margin_low=0.1, margin_high=0.7, baseline_margin=0.0
    )
    scene = Scene(tmp_path, answering(Teacher(rewards=rewards)))
    manifest = scene.manifest(shape="preference")
    job = order_training(scene, manifest, plan(scene, manifest, overrides={"mode": "dpo"}))
    assert scene.read(Adapter, job).rewards == rewards
    assert "reward accuracy 75.0%" in scene.events(job.run_id)[-1].summary
