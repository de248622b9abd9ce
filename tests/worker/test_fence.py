"""An attempt that was given up on publishes nothing."""

from pathlib import Path

import pytest

from brewslm.core.wire.rundir import FAILURE_FILE, FENCE_FILE, RESULT_FILE, ExitCode
from brewslm.worker.__main__ import leave_result, main
from brewslm.worker.failure import SupersededError
from brewslm.worker.fence import Fence
from brewslm.worker.files import LOCAL_DISK
from brewslm.worker.train.checkpoints.publishing import publish
from tests.fakes.disks import Operation, RecordingDisk
from tests.worker.checkpoints.small import SmallTraining, new_run
from tests.worker.checkpoints.test_power_cuts import RESULT_OF_TRAINING
from tests.worker.tiny import Scene


def test_an_older_attempt_cannot_begin_and_a_newer_can(tmp_path: Path) -> None:
    Fence(tmp_path, 2, LOCAL_DISK).take()
    Fence(tmp_path, 2, LOCAL_DISK).check()
    with pytest.raises(SupersededError, match="attempt 2 has begun"):
        Fence(tmp_path, 1, LOCAL_DISK).take()
    Fence(tmp_path, 3, LOCAL_DISK).take()
    assert (tmp_path / FENCE_FILE).read_text() == "3"


def test_a_checkpoint_that_was_begun_before_does_not_become_visible(tmp_path: Path) -> None:
    def overtake(operation: Operation) -> None:
        if operation.kind == "sync" and operation.path.name == "MANIFEST.json":
            Fence(tmp_path / "run", 2, LOCAL_DISK).take()

    run = new_run(tmp_path / "run", disk=RecordingDisk(before=overtake))
    run.fence.take()
    with pytest.raises(SupersededError):
        publish(run.folder / "checkpoints", SmallTraining().snapshot(), fence=run.fence, disk=run.disk)
    assert list((run.folder / "checkpoints").iterdir()) == []


def test_nor_does_a_result(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run")
    Fence(run.folder, 2, LOCAL_DISK).take()
    with pytest.raises(SupersededError):
        leave_result(RESULT_OF_TRAINING, run)
    assert not (run.folder / RESULT_FILE).exists()


def test_nor_does_a_failure(scene: Scene) -> None:
    folder = scene.run_directory("a", scene.order())
    Fence(folder, 2, LOCAL_DISK).take()
    assert main([str(folder), "1"]) == ExitCode.SUPERSEDED
    assert not (folder / FAILURE_FILE).exists()
