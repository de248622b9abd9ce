"""Damage is found, named, and stepped over; what does not belong here is refused."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from brewslm.core.checkpoints.digests import BLOCK_BYTES, entry_of
from brewslm.core.checkpoints.manifest import (
    OPTIMIZER_FILE,
    RNG_FILE,
    STATE_FILE,
    CheckpointManifest,
    folder_name,
)
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, MANIFEST_FILE
from brewslm.worker.failure import BadDataError, BadOrderError
from brewslm.worker.files import LOCAL_DISK
from brewslm.worker.train.checkpoints.publishing import publish
from tests.worker.checkpoints.small import FINGERPRINT, WEIGHTS_FILE, SmallTraining, new_run

FILES = [WEIGHTS_FILE, OPTIMIZER_FILE, RNG_FILE, STATE_FILE, "weights/config.json", MANIFEST_FILE]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Two checkpoints, of steps 1 and 2."""
    return saved(tmp_path / "run", steps=2)


def saved(folder: Path, *, steps: int, size: int = 3, manifest_id: str = "manifest-1") -> Path:
    run = new_run(folder)
    training = SmallTraining(size=size)
    fingerprint = FINGERPRINT.model_copy(update={"manifest_id": manifest_id})
    for _ in range(steps):
        training.step()
        snapshot = training.snapshot(fingerprint=fingerprint)
        publish(folder / CHECKPOINTS_FOLDER, snapshot, fence=run.fence, disk=LOCAL_DISK)
    return folder


def newest(folder: Path) -> Path:
    return max((folder / CHECKPOINTS_FOLDER).glob("step-*"))


def resumed(folder: Path, *, size: int = 3) -> tuple[int, list[str]]:
    training = SmallTraining(size=size)
    notices = training.resume(folder)
    assert training.weights_say() == training.state.step
    return training.state.step, notices


def seal_anew(folder: Path, **changes: object) -> None:
    """What somebody would write who wants to be believed."""
    manifest = CheckpointManifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    files = {name: entry_of(folder / name) for name in manifest.files if (folder / name).is_file()}
    forged = manifest.model_copy(update={"files": files, **changes}).sealed()
    (folder / MANIFEST_FILE).write_bytes(forged.model_dump_json().encode())


def test_the_newest_is_used(run_folder: Path) -> None:
    assert resumed(run_folder) == (2, [])


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data + b"\0",
        lambda data: bytes(len(data)),
        lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
        lambda data: bytes([data[0] ^ 128]) + data[1:],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    ],
    ids=["empty", "one byte less", "half", "one byte more", "zeros", "bit in the middle", "first byte", "last byte"],
)
def test_any_damage_to_any_file_is_named_and_stepped_over(
    run_folder: Path, file: str, damage: Callable[[bytes], bytes]
) -> None:
    path = newest(run_folder) / file
    path.write_bytes(damage(path.read_bytes()))
    step, notices = resumed(run_folder)
    assert (step, len(notices)) == (1, 1)
    assert "step-000002.e1" in notices[0]
    assert file in notices[0]
    assert resumed(run_folder) == (1, []), "it is told once, and kept aside"
    assert (run_folder / CHECKPOINTS_FOLDER / "aside.step-000002.e1").is_dir()


def test_every_bit_of_a_manifest_counts(run_folder: Path) -> None:
    path = newest(run_folder) / MANIFEST_FILE
    whole = path.read_bytes()
    for place in range(0, len(whole), 31):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 7]) + whole[place + 1 :])
        step, notices = resumed(run_folder)
        if step == 2:
            assert json.loads(path.read_bytes()) == json.loads(whole), "only a space may change"
            continue
        assert len(notices) == 1
        (run_folder / CHECKPOINTS_FOLDER / "aside.step-000002.e1").rename(path.parent)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(run_folder: Path, file: str) -> None:
    (newest(run_folder) / file).unlink()
    step, notices = resumed(run_folder)
    assert step == 1
    assert file in notices[0]


def test_it_says_at_which_byte_and_how(tmp_path: Path) -> None:
    size = BLOCK_BYTES // 4
    folder = saved(tmp_path / "large", steps=1, size=size)
    path = newest(folder) / WEIGHTS_FILE
    whole = path.read_bytes()
    assert len(whole) > 2 * BLOCK_BYTES

    def told(data: bytes) -> str:
        path.write_bytes(data)
        (notice,) = resumed(folder, size=size)[1]
        (folder / CHECKPOINTS_FOLDER / "aside.step-000001.e1").rename(path.parent.parent)
        return notice

    place = BLOCK_BYTES + 5
    changed = whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]
    assert f"was changed between byte {BLOCK_BYTES:,} and byte {2 * BLOCK_BYTES:,}" in told(changed)
    zeroed = whole[:BLOCK_BYTES] + bytes(BLOCK_BYTES) + whole[2 * BLOCK_BYTES :]
    assert f"holds only zeros between byte {BLOCK_BYTES:,} and byte {2 * BLOCK_BYTES:,}" in told(zeroed)
    assert f"is truncated at byte {place:,} of {len(whole):,}" in told(whole[:place])
    assert f"has {len(whole) + 1:,} bytes instead of {len(whole):,}" in told(whole + b"\0")


def test_swapped_files_are_told_apart(run_folder: Path) -> None:
    folder = newest(run_folder)
    first, second = folder / WEIGHTS_FILE, folder / OPTIMIZER_FILE
    first.rename(folder / "other")
    second.rename(first)
    (folder / "other").rename(second)
    step, notices = resumed(run_folder)
    assert step == 1
    assert "holds what belongs into" in notices[0]


def test_a_manifest_of_another_step_is_told(run_folder: Path) -> None:
    root = run_folder / CHECKPOINTS_FOLDER
    older = root / folder_name(step=1, attempt=1) / MANIFEST_FILE
    (newest(run_folder) / MANIFEST_FILE).write_bytes(older.read_bytes())
    step, notices = resumed(run_folder)
    assert step == 1
    assert "is that of step-000001.e1" in notices[0]


def test_a_checkpoint_of_another_run_is_stepped_over_where_something_fits(run_folder: Path, tmp_path: Path) -> None:
    stranger = newest(saved(tmp_path / "other", steps=3, manifest_id="manifest-2"))
    stranger.rename(run_folder / CHECKPOINTS_FOLDER / stranger.name)
    step, notices = resumed(run_folder)
    assert step == 2
    assert "another run" in notices[0]
    assert resumed(run_folder) == (2, [])


@pytest.mark.parametrize(
    ("field", "value", "error", "text"),
    [
        ("manifest_id", "manifest-2", BadDataError, "made on data 'manifest-1', not on 'manifest-2'"),
        ("base_model", "other", BadOrderError, "made on the base model 'tiny', not on 'other'"),
        ("recipe_hash", "1" * 64, BadOrderError, "another recipe"),
    ],
)
def test_other_data_base_or_recipe_is_refused_and_nothing_is_touched(
    run_folder: Path, field: str, value: str, error: type[Exception], text: str
) -> None:
    training = SmallTraining()
    with pytest.raises(error, match=text):
        training.resume(run_folder, fingerprint=FINGERPRINT.model_copy(update={field: value}))
    assert training.weights_say() == 0
    assert resumed(run_folder) == (2, [])


def header(content: object, *, length: int | None = None, data: bytes = bytes(32)) -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


LIES = {
    "nothing": b"",
    "a length without a header": header(b"", length=8),
    "a length beyond the file": header({"weight": tensor([2, 3], 0, 24), "bias": tensor([2], 24, 32)}, length=1 << 40),
    "no JSON": header(b"\xff\xfe{"),
    "nesting": header(b"[" * 100_000),
    "an offset beyond the file": header({"weight": tensor([2, 3], 0, 24), "bias": tensor([2], 1 << 30, (1 << 30) + 8)}),
    "an overlap": header({"weight": tensor([2, 3], 0, 24), "bias": tensor([2], 20, 28)}),
    "a size that is not that of its shape": header({"weight": tensor([2, 3], 0, 20), "bias": tensor([2], 20, 28)}),
    "a shape that overflows": header({"weight": tensor([1 << 62, 4], 0, 24), "bias": tensor([2], 24, 32)}),
    "a negative shape": header({"weight": tensor([-2, -3], 0, 24), "bias": tensor([2], 24, 32)}),
    "an unknown type": header({"weight": tensor([2, 3], 0, 24, "X9"), "bias": tensor([2], 24, 32)}),
    "another type": header({"weight": tensor([2, 3], 0, 24, "I32"), "bias": tensor([2], 24, 32)}),
    "another shape": header({"weight": tensor([3, 2], 0, 24), "bias": tensor([2], 24, 32)}),
    "a weight less": header({"weight": tensor([2, 3], 0, 24)}, data=bytes(24)),
    "a weight more": header({"weight": tensor([2, 3], 0, 24), "bias": tensor([2], 24, 32), "x": tensor([0], 32, 32)}),
    "bytes that nobody names": header({"weight": tensor([2, 3], 0, 24), "bias": tensor([2], 24, 32)}, data=bytes(64)),
    "a pickle": b"\x80\x04cos\nsystem\n(S'touch x'\ntR.",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_is_told_although_its_hash_fits(run_folder: Path, lie: str) -> None:
    (newest(run_folder) / WEIGHTS_FILE).write_bytes(LIES[lie])
    seal_anew(newest(run_folder))
    step, notices = resumed(run_folder)
    assert step == 1
    assert WEIGHTS_FILE in notices[0]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("file", [WEIGHTS_FILE, OPTIMIZER_FILE])
def test_numbers_that_are_not_finite_are_never_gone_on_from(run_folder: Path, file: str, number: float) -> None:
    path = newest(run_folder) / file
    tensors = load_file(path)
    largest = max(tensors, key=lambda name: tensors[name].numel())
    tensors[largest][-1, -1] = number
    save_file(tensors, path)
    seal_anew(newest(run_folder))
    step, notices = resumed(run_folder)
    assert step == 1
    assert "not finite" in notices[0]


def test_moments_of_other_weights_are_told(run_folder: Path) -> None:
    path = newest(run_folder) / OPTIMIZER_FILE
    tensors = load_file(path)
    for change in ({**tensors, "exp_avg/stranger": torch.zeros(2)}, dict(list(tensors.items())[1:]), {}):
        save_file(change, path)
        seal_anew(newest(run_folder))
        step, notices = resumed(run_folder)
        assert step == 1
        assert OPTIMIZER_FILE in notices[0]
        (run_folder / CHECKPOINTS_FOLDER / "aside.step-000002.e1").rename(path.parent)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../outside"])
def test_a_manifest_leads_nowhere_else(run_folder: Path, name: str) -> None:
    path = newest(run_folder) / MANIFEST_FILE
    content = json.loads(path.read_bytes())
    content["files"][name] = content["files"][STATE_FILE]
    path.write_text(json.dumps(content))
    step, notices = resumed(run_folder)
    assert step == 1
    assert "outside the checkpoint" in notices[0]


def test_where_all_are_damaged_it_begins_anew_and_says_so(run_folder: Path) -> None:
    for folder in (run_folder / CHECKPOINTS_FOLDER).glob("step-*"):
        (folder / STATE_FILE).write_bytes(b"{}")
    step, notices = resumed(run_folder)
    assert (step, len(notices)) == (0, 2)
