"""Each check answers to its harm in the words of docs/preflight.md, and what it blocks is not launched."""

import hashlib
from pathlib import Path

import pytest

from brewslm.core.artifacts import base
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.context import StageContext
from brewslm.core.ids import ArtifactId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.machine import GpuProcess, GpuState
from brewslm.stages.preflight import integrity
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.train.contract import TrainInputs
from tests.architecture.tree import ROOT
from tests.fakes.machine import GIB, LAPTOP
from tests.fakes.small_disk import small_disk
from tests.unit.scene import Scene, answering
from tests.unit.stages.preflight.provocations import HARMS, Harm, provoke, row_of
from tests.unit.stages.train.test_stage import Teacher, plan

TABLE = (ROOT / "docs" / "preflight.md").read_text(encoding="utf-8")


def launch(scene: Scene, readiness: Readiness) -> Job:
    return scene.run_stage("train", TrainInputs(readiness_id=readiness.id, manifest_id=readiness.manifest_id))


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: f"{harm.check}: {harm.words}")
def test_each_check_answers_to_its_harm_as_the_docs_say_and_launch_is_refused(
    scene: Scene, tmp_path: Path, harm: Harm
) -> None:
    readiness, finding = provoke(scene, harm)
    assert row_of(harm, finding, tmp_path) in TABLE, "run `python -m tests.unit.stages.preflight.provocations`"
    assert finding.next_step
    if finding.level == "block":
        assert readiness.verdict == "blocked"
        job = launch(scene, readiness)
        assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_blocked")
        assert finding.seen in (job.error or "")


def test_every_check_is_in_the_table(scene: Scene) -> None:
    readiness = plan(scene, scene.manifest())
    assert {finding.check for finding in readiness.findings} - {harm.check for harm in HARMS} == {"golden_sets"}, (
        "golden sets have tests of their own"
    )


def test_leniency_passes_over_what_a_launch_can_survive_and_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Teacher()))
    scene.machine.free_bytes = 20_000_000
    readiness = plan(scene, scene.manifest(), is_strict=False)
    assert (readiness.verdict, readiness.is_strict) == ("ready", False)
    job = launch(scene, readiness)
    assert job.status is JobStatus.COMPLETED, job.error
    (event,) = scene.events(job.run_id)
    assert "Launched although needs about" in event.summary


@pytest.mark.parametrize("check", ["data_integrity", "capability", "mask", "checkpoint_directory"])
def test_leniency_does_not_pass_over_what_no_run_survives(scene: Scene, check: str) -> None:
    harm = next(one for one in HARMS if one.check == check)
    assert provoke(scene, harm, is_strict=False)[0].verdict == "blocked"


def ready(scene: Scene) -> Readiness:
    scene.machine.facts_now = LAPTOP.model_copy(update={"gpus": ("H200",)})
    scene.machine.gpus_now = (GpuState(name="H200", memory_bytes=140 * GIB, used_bytes=0),)
    return plan(scene, scene.manifest())


def test_a_gpu_that_was_taken_since_preflight_refuses_the_launch(scene: Scene) -> None:
    readiness = ready(scene)
    assert readiness.verdict == "ready"
    other = GpuProcess(pid=4711, memory_bytes=60 * GIB, is_worker=False)
    scene.machine.gpus_now = (GpuState(name="H200", memory_bytes=140 * GIB, used_bytes=60 * GIB, processes=(other,)),)
    job = launch(scene, readiness)
    assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_gpu")
    assert "gpu: H200 (0) is used by process 4711 (60.0 GiB)" in (job.error or "")


def test_a_worker_of_ours_and_a_little_of_a_desktop_do_not_make_a_gpu_busy(scene: Scene) -> None:
    ours = GpuProcess(pid=1, memory_bytes=60 * GIB, is_worker=True)
    desktop = GpuProcess(pid=2, memory_bytes=GIB // 4, is_worker=False)
    readiness = ready(scene)
    scene.machine.gpus_now = (
        GpuState(name="H200", memory_bytes=140 * GIB, used_bytes=61 * GIB, processes=(ours, desktop)),
    )
    found = {one.check: one.level for one in plan(scene, scene.shelf.read(Manifest, readiness.manifest_id)).findings}
    assert found["gpu"] == "ok"


def test_a_disk_that_filled_since_preflight_refuses_the_launch(scene: Scene) -> None:
    readiness = plan(scene, scene.manifest())
    scene.machine.free_bytes = 20_000_000
    job = launch(scene, readiness)
    assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_disk")


def test_a_plan_of_a_project_that_has_changed_is_not_launched(scene: Scene) -> None:
    readiness = plan(scene, scene.manifest())
    scene.manifest(seed=7)
    job = launch(scene, readiness)
    assert (job.status, job.reason) == (JobStatus.FAILED, "preflight_plan_changed")
    assert "the data was prepared again" in (job.error or "")


def test_the_guard_is_that_of_plan_and_state(scene: Scene) -> None:
    manifest = scene.manifest()
    first = plan(scene, manifest)
    assert first.guard == plan(scene, manifest).guard != ""
    assert first.guard != plan(scene, manifest, overrides={"seed": 7}).guard
    scene.manifest(seed=7)
    assert first.guard != plan(scene, manifest).guard


def test_a_disk_that_is_really_small_blocks(tmp_path: Path) -> None:
    from brewslm.adapters.system.machine import SystemMachine

    with small_disk(tmp_path / "disk", size_kib=4096) as disk:
        scene = Scene(disk)
        scene.machine.free_bytes = SystemMachine().free_disk_bytes(disk)
        found = next(one for one in plan(scene, scene.manifest()).findings if one.check == "disk")
    assert found.level == "block"
    assert found.seen.endswith("4 MB free")


class _Sampled:
    """What `data_integrity` needs of a context."""

    def __init__(self, scene: Scene) -> None:
        self.shelf, self.clock, self.job_id = scene.shelf, scene.clock, 1


@pytest.mark.parametrize("block", [None, 0, 3])
def test_of_a_very_large_set_a_sample_is_hashed_and_that_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, block: int | None
) -> None:
    """With blocks of 16 bytes; the first and the last block of each file are always in the sample."""
    manifest = scene.manifest()
    monkeypatch.setattr(integrity, "HASH_BLOCK_BYTES", 16)
    assert base.HASH_BLOCK_BYTES > 16
    path = scene.shelf.path(f"{manifest.split('train').folder}/tokens.u32")
    content = path.read_bytes()[:64]
    path.unlink()
    path.write_bytes(content)
    blocks = tuple(hashlib.sha256(content[at : at + 16]).hexdigest() for at in range(0, 64, 16))
    files = tuple(
        file.model_copy(update={"size_bytes": 64, "block_sha256": blocks})
        if file.path.endswith("train/tokens.u32")
        else file
        for file in manifest.files
    )
    large = manifest.model_copy(update={"files": files})
    if block is not None:
        at = 16 * block
        path.write_bytes(content[:at] + b"x" + content[at + 1 :])
    context: StageContext = _Sampled(scene)  # type: ignore[assignment]
    found = integrity.data_integrity(large, context, most_bytes=32)
    if block is None:
        assert found.level == "ok"
        assert "a sample matches its hashes: 2 of 4 blocks of the 1 largest files" in found.seen
    else:
        assert (found.level, found.reason) == ("block", "preflight_data_changed")
        assert f"(its block {block})" in found.seen


def test_a_test_message_is_sent_where_that_is_asked_for(scene: Scene) -> None:
    from brewslm.core.alerts.facts import MonitoringFacts
    from brewslm.services.runner import Runner
    from brewslm.services.stage_runs import StageRuns

    asked: list[bool] = []

    def facts(sends: bool) -> MonitoringFacts:
        asked.append(sends)
        return MonitoringFacts(channels=("hook",))

    runs = StageRuns(scene.ports, entries={}, monitoring=facts)
    runner = Runner(scene.ports, runs, {}, owner="one", is_owner_gone=lambda _owner: False, actor="cli")
    manifest = scene.manifest()
    for sends in (False, True):
        inputs = PreflightInputs(manifest_id=ArtifactId(manifest.id), base_model="tiny", tests_alerts=sends)
        readiness: Readiness = scene.read(Readiness, runner.run(scene.queue("preflight", inputs).id))
    assert asked == [False, True]
    told = next(one.seen for one in readiness.findings if one.check == "monitoring")
    assert told == "thresholds load; alerts go to hook, each of which took a test message"
