"""What is pruned and what is kept, over random histories; and what readers may rely on."""

import multiprocessing
import os
import random
from pathlib import Path

import pytest

from brewslm.core.checkpoints.choosing import whole_checkpoints
from brewslm.core.checkpoints.manifest import CheckpointManifest, FileEntry, Health, folder_name
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, LEASE_FILE, MANIFEST_FILE, PINNED_FILE
from brewslm.worker.failure import BadDataError
from brewslm.worker.files import LOCAL_DISK
from brewslm.worker.train.checkpoints.keeping import pin, prune, reading, result_of, set_aside
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from tests.worker.checkpoints.small import FINGERPRINT, SmallTraining, new_run

EMPTY = FileEntry(size_bytes=0, sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", blocks=())


def make(root: Path, *, step: int, attempt: int = 1, eval_loss: float | None = None) -> Path:
    """A checkpoint of empty files: whole, as far as pruning can see."""
    folder = root / folder_name(step=step, attempt=attempt)
    folder.mkdir(parents=True)
    names = ("optimizer.safetensors", "rng.safetensors", "state.json")
    for name in (*names, LEASE_FILE):
        (folder / name).touch()
    manifest = CheckpointManifest(
        step=step,
        attempt=attempt,
        eval_loss=eval_loss,
        fingerprint=FINGERPRINT,
        health=Health(largest_weight=1.0, largest_moment=1.0),
        files=dict.fromkeys(names, EMPTY),
    )
    (folder / MANIFEST_FILE).write_text(manifest.sealed().model_dump_json())
    return folder


class Model:
    """What must hold, told in another way: a plain list of what was made."""

    def __init__(self, root: Path, keep: int) -> None:
        self.root, self.keep = root, keep
        self.attempt, self.step = 1, 0
        self.made: list[Path] = []
        self.losses: dict[Path, float] = {}
        self.pinned: set[Path] = set()
        self.damaged: set[Path] = set()
        self.readers: dict[Path, object] = {}

    def must_stay(self) -> set[Path]:
        valid = [folder for folder in self.made if folder.exists() and folder not in self.damaged]
        best = sorted(
            (self.losses[folder], int(folder.name[5:11]), place)
            for place, folder in enumerate(reversed(valid), start=1)
            if folder in self.losses
        )
        kept = set(valid[-self.keep :]) | (self.pinned & set(valid)) | set(self.readers)
        return kept | {valid[-place] for _, _, place in best[:1]}

    def act(self, action: str, number: int) -> None:
        present = [folder for folder in self.made if folder.exists()]
        chosen = present[number % len(present)] if present else None
        if action == "save":
            self._save(number)
        elif action == "attempt":
            self.attempt += 1
            self.step = max(0, self.step - number % 4)
        elif chosen is not None:
            self._touch(action, chosen)

    def _save(self, number: int) -> None:
        self.step += 1
        loss = (number % 7) / 2 if number % 3 else None
        folder = make(self.root, step=self.step, attempt=self.attempt, eval_loss=loss)
        self.made.append(folder)
        if loss is not None:
            self.losses[folder] = loss
        staying = self.must_stay()
        prune(self.root, keep=self.keep, disk=LOCAL_DISK)
        assert {folder for folder in staying if not folder.exists()} == set()
        assert {folder for folder in self.made if folder.exists()} <= staying | self.damaged, "nothing else stays"

    def _touch(self, action: str, folder: Path) -> None:
        if action == "pin":
            pin(folder, "asked for")
            self.pinned.add(folder)
        elif action == "unpin":
            (folder / PINNED_FILE).unlink(missing_ok=True)
            self.pinned.discard(folder)
        elif action == "read" and folder not in self.readers:
            reader = reading(folder)
            reader.__enter__()
            self.readers[folder] = reader
        elif action == "release" and folder in self.readers:
            self.release(folder)
        elif action == "damage" and folder not in self.readers:
            (folder / "state.json").write_bytes(b"x")
            self.damaged.add(folder)

    def release(self, folder: Path) -> None:
        reader = self.readers.pop(folder)
        reader.__exit__(None, None, None)  # type: ignore[attr-defined]


ACTIONS = ["save"] * 6 + ["pin", "unpin", "read", "release", "damage", "attempt"]


@pytest.mark.parametrize("num_histories", [500, pytest.param(5_000, marks=pytest.mark.long)])
def test_what_counts_is_never_pruned(tmp_path: Path, num_histories: int) -> None:
    seed = int(os.environ.get("BREWSLM_TEST_SEED", "6"))
    for number in range(num_histories):
        chance = random.Random(f"{seed}-{number}")
        model = Model(tmp_path / f"{number}", chance.randint(1, 3))
        try:
            for _ in range(chance.randint(2, 10)):
                model.act(chance.choice(ACTIONS), chance.randint(0, 30))
        except AssertionError as error:
            error.add_note(f"history {number} of seed {seed}")
            raise
        finally:
            for folder in list(model.readers):
                model.release(folder)


def read_until_told(folder: Path, told: "multiprocessing.connection.Connection") -> None:
    with reading(folder):
        told.send("reading")
        told.recv()


def test_what_another_process_reads_stays_until_it_is_read(tmp_path: Path) -> None:
    folder = make(tmp_path, step=1)
    here, there = multiprocessing.get_context("fork").Pipe()
    reader = multiprocessing.get_context("fork").Process(target=read_until_told, args=(folder, there))
    reader.start()
    assert here.recv() == "reading"
    make(tmp_path, step=2)
    prune(tmp_path, keep=1, disk=LOCAL_DISK)
    assert folder.is_dir()
    here.send("done")
    reader.join()
    prune(tmp_path, keep=1, disk=LOCAL_DISK)
    assert not folder.exists()


def test_those_that_were_stepped_over_do_not_count_and_do_not_pile_up(tmp_path: Path) -> None:
    for step in range(1, 6):
        make(tmp_path, step=step)
        if step % 2:
            set_aside(tmp_path / folder_name(step=step, attempt=1), LOCAL_DISK)
    prune(tmp_path, keep=2, disk=LOCAL_DISK)
    assert [one.step for one in whole_checkpoints(tmp_path)] == [4, 2]
    assert {path.name for path in tmp_path.glob("aside.*")} == {"aside.step-000003.e1", "aside.step-000005.e1"}


def test_the_result_is_the_best_whose_hashes_are_right(tmp_path: Path) -> None:
    for step, loss in ((1, 2.0), (2, 1.0), (3, 1.0), (4, None)):
        make(tmp_path, step=step, eval_loss=loss)
    assert result_of(tmp_path).step == 2
    (tmp_path / "step-000002.e1" / "state.json").write_bytes(b"x")
    assert result_of(tmp_path).step == 3
    for step in (1, 3):
        (tmp_path / folder_name(step=step, attempt=1) / "state.json").unlink()
    assert result_of(tmp_path).step == 4
    (tmp_path / "step-000004.e1" / "state.json").unlink()
    with pytest.raises(BadDataError, match="whole"):
        result_of(tmp_path)


def test_one_made_at_an_alert_is_kept_with_its_reason(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run")
    training = SmallTraining()
    with CheckpointWriter(run, keep=1) as writer:
        for step in range(1, 6):
            training.step()
            writer.submit(lambda step=step: training.snapshot(pinned_for="loss spike" if step == 2 else None))
        writer.wait()
    root = run.folder / CHECKPOINTS_FOLDER
    assert {path.name for path in root.iterdir()} == {"step-000002.e1", "step-000005.e1"}
    assert (root / "step-000002.e1" / PINNED_FILE).read_text() == "loss spike"
