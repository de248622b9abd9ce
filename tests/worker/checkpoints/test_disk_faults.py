"""A disk that is full or broken, at every single operation: nothing broken is ever visible, nothing saved is lost."""

import errno
from pathlib import Path

import pytest

from brewslm.core.wire.progress import RECORD
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, LOG_FILE, ExitCode
from brewslm.worker.failure import classify
from brewslm.worker.files import NUM_TRIES, write_whole
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from tests.fakes.disks import RecordingDisk, failing_disk
from tests.worker.checkpoints.small import SmallTraining, log_step, new_run

STEPS = 2


def train_on(disk: RecordingDisk, folder: Path, *, attempt: int = 1) -> None:
    run = new_run(folder, attempt=attempt, disk=disk)
    training = SmallTraining()
    assert training.resume(folder) == []
    with CheckpointWriter(run, keep=2) as writer:
        while training.state.step < STEPS:
            step = training.step().step
            log_step(run, step)
            writer.submit(training.snapshot)
        writer.wait()


def said_to_be_saved(folder: Path) -> int:
    lines = [line for line in (folder / LOG_FILE).read_bytes().split(b"\n")[:-1] if not line.startswith(b"\0")]
    return max((record.step for record in map(RECORD.validate_json, lines) if record.kind == "checkpoint"), default=0)


def recovered(folder: Path) -> tuple[int, list[str]]:
    training = SmallTraining()
    notices = training.resume(folder)
    assert training.weights_say() == training.state.step
    return training.state.step, notices


def num_operations(tmp_path: Path, kinds: tuple[str, ...]) -> int:
    disk = RecordingDisk()
    train_on(disk, tmp_path / "whole")
    return sum(operation.kind in kinds for operation in disk.operations)


@pytest.mark.parametrize("kind", ["make", "write", "sync", "rename"])
def test_full_at_each_operation_it_stops_with_one_line_and_loses_nothing(tmp_path: Path, kind: str) -> None:
    count = num_operations(tmp_path, (kind,))
    assert count >= STEPS
    for place in range(count):
        folder = tmp_path / f"{kind}-{place}"
        try:
            train_on(failing_disk(errno.ENOSPC, at=place, kinds=(kind,)), folder)
        except OSError as error:
            code, line = classify(error)
            assert (code, line.startswith("The disk is full")) == (ExitCode.DISK_FULL, True)
        else:
            pytest.fail(f"nobody noticed that {kind} {place} failed")
        saved = said_to_be_saved(folder) if (folder / LOG_FILE).exists() else 0
        assert not list((folder / CHECKPOINTS_FOLDER).glob(".tmp-*")), "what does not fit is not left lying about"
        step, notices = recovered(folder)
        assert step >= saved
        assert notices == []
        train_on(RecordingDisk(), folder, attempt=2)
        assert recovered(folder) == (STEPS, [])


def test_an_fsync_that_fails_is_never_tried_again_what_it_was_for_is_written_anew(tmp_path: Path) -> None:
    whole = RecordingDisk()
    train_on(whole, tmp_path / "whole")
    syncs = [operation.path for operation in whole.operations if operation.kind == "sync"]
    num_made = sum(operation.kind == "make" for operation in whole.operations)
    for place, path in enumerate(syncs):
        folder = tmp_path / f"{place}"
        disk = failing_disk(errno.EIO, at=place, kinds=("sync",))
        if place == 0 or path.name == LOG_FILE:
            with pytest.raises(OSError, match="Input/output error"):
                train_on(disk, folder)  # a line that is lost cannot be written anew where it was
            continue
        train_on(disk, folder)
        assert sum(operation.kind == "make" for operation in disk.operations) > num_made
        assert said_to_be_saved(folder) == STEPS
        assert recovered(folder) == (STEPS, [])


def test_a_disk_that_fails_for_good_is_given_up_on(tmp_path: Path) -> None:
    def fail(operation: object) -> None:
        if getattr(operation, "kind", "") == "sync":
            tried.append(operation)
            raise OSError(errno.EIO, "Input/output error")

    tried: list[object] = []
    with pytest.raises(OSError, match="Input/output error"):
        write_whole(tmp_path / "result.json", b"{}", disk=RecordingDisk(before=fail))
    assert len(tried) == NUM_TRIES
    assert list(tmp_path.iterdir()) == []
