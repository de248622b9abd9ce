"""A power cut at any moment: every state of the disk is tried, and every fsync is shown to be needed."""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.progress import RECORD
from brewslm.core.wire.result import RESULT, MeasureResult, TrainResult
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, LOG_FILE, PINNED_FILE, RESULT_FILE
from brewslm.worker.__main__ import leave_result
from brewslm.worker.journal import Journal
from brewslm.worker.run import Run
from brewslm.worker.train.baseline import BASELINE_FILE, base_losses
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from brewslm.worker.train.objectives.objective import EvalScores
from tests.fakes.disks import Operation, RecordingDisk
from tests.worker.checkpoints.crashes import Tree, crash_states, materialise
from tests.worker.checkpoints.small import SmallTraining, log_step, new_run

ORDER = TrainOrder(
    base_model="/nowhere",
    train_folder="/nowhere",
    eval_folder="/nowhere",
    recipe=Recipe(base_model="tiny"),
    manifest_id="manifest-1",
)
RESULT_OF_TRAINING = TrainResult(
    status="completed",
    checkpoint="checkpoints/step-000002.e1",
    step=2,
    last_step=2,
    total_steps=2,
    base_eval_loss=2.0,
    eval_loss=1.5,
    final_train_loss=0.5,
    training_seconds=1.0,
    num_tokens_seen=10,
    peak_memory_bytes=None,
)


class KnownLosses:
    """As much of an objective as the baseline needs."""

    eval_units: NDArray[np.int64] = np.array([1, 2])

    def eval_scores(self) -> EvalScores:
        return EvalScores(np.array([1.0, 2.0]))


def life_of_a_training(run: Run) -> None:
    """A baseline, two checkpoints of which the first is pinned, and a result."""
    known: Any = KnownLosses()
    base_losses(known, contextlib.nullcontext, order=ORDER, run=run)
    training = SmallTraining()
    with CheckpointWriter(run, keep=1) as writer:
        for step, pinned_for in ((1, "alert"), (2, None)):
            training.step()
            log_step(run, step)
            writer.submit(lambda pinned_for=pinned_for: training.snapshot(pinned_for=pinned_for))
            writer.wait()
    leave_result(RESULT_OF_TRAINING, run)


def life_of_a_pruned_training(run: Run) -> None:
    """Three checkpoints of which the newest stays; later ones are better."""
    training = SmallTraining()
    with CheckpointWriter(run, keep=1) as writer:
        for step in (1, 2, 3):
            training.step()
            log_step(run, step)
            writer.submit(training.snapshot)
            writer.wait()


def life_of_a_plain_job(run: Run) -> None:
    """Progress, and a result."""
    run.progress(0.5, "half")
    leave_result(MeasureResult(measurements=(), runtime="none", device="cpu"), run)


def said(tree: Tree) -> list[Any]:
    """The records of the journal in a state, up to the last newline."""
    content = tree.get(LOG_FILE, b"")
    assert isinstance(content, bytes)
    return [RECORD.validate_json(line) for line in content.split(b"\n")[:-1] if line.strip(b"\0")]


def broken_promises(operations: Sequence[Operation], root: Path, scratch: Path) -> Iterator[str]:
    """Recover from every state, and tell what does not hold."""
    tried: set[str] = set()
    for done, tree in crash_states(operations, root):
        lines = b"".join(one.data for one in operations[:done] if one.kind == "write" and one.path.name == LOG_FILE)
        told = [RECORD.validate_json(line) for line in lines.splitlines()]
        saved = max((record.step for record in told if record.kind == "checkpoint"), default=0)
        key = f"{saved} {done == len(operations)} {tree!r}"
        if key not in tried:
            tried.add(key)
            folder = scratch / f"{len(tried)}"
            materialise(tree, folder)
            for problem in _problems(folder, tree, told, saved=saved, is_over=done == len(operations)):
                yield f"after {done} operations: {problem}"
    yield f"tried {len(tried)}"


def _problems(folder: Path, tree: Tree, told: list[Any], *, saved: int, is_over: bool) -> Iterator[str]:
    journal = said(tree)
    yield from _of_checkpoints(folder, journal, saved)
    yield from _of_files(folder, journal, told)
    if is_over and not (folder / RESULT_FILE).exists() and {"baseline", "progress"} & {one.kind for one in told}:
        yield "the result is lost"
    again = Journal(folder / LOG_FILE, attempt=2)
    if again.stamp()["seq"] != max((record.seq for record in journal), default=0) + 1:
        yield "the journal does not go on where it stopped"


def _of_checkpoints(folder: Path, journal: list[Any], saved: int) -> Iterator[str]:
    training = SmallTraining()
    for notice in training.resume(folder):
        yield f"visible and invalid: {notice}"
    step = training.state.step
    if step < saved or training.weights_say() != step:
        yield f"said to be saved and lost: {saved}, found {step}"
    if {record.step for record in journal if record.kind == "log"} < set(range(1, step + 1)):
        yield f"the journal does not reach the checkpoint of step {step}"
    for marker in (folder / CHECKPOINTS_FOLDER).glob(f"step-*/{PINNED_FILE}"):
        if marker.read_text() != "alert":
            yield "the reason of a pin is lost"
    if list((folder / CHECKPOINTS_FOLDER).glob(".*")):
        yield "leftovers"


def _of_files(folder: Path, journal: list[Any], told: list[Any]) -> Iterator[str]:
    for file in (BASELINE_FILE, RESULT_FILE):
        if (folder / file).exists() and not (folder / file).read_bytes().strip(b"\0").endswith(b"}"):
            yield f"{file} is visible and not whole"
            return
    if (folder / BASELINE_FILE).exists() and not [record for record in journal if record.kind == "baseline"]:
        yield "a baseline that the journal does not tell of"
    if (folder / RESULT_FILE).exists():
        result = RESULT.validate_json((folder / RESULT_FILE).read_bytes())
        if isinstance(result, TrainResult) and not (folder / result.checkpoint).is_dir():
            yield "the result names a checkpoint that is not there"
        if [record.seq for record in journal] != [record.seq for record in told]:
            yield "a result before the end of the journal is on disk"


def recorded(life: Callable[[Run], None], folder: Path) -> list[Operation]:
    disk = RecordingDisk()
    life(new_run(folder, disk=disk))
    return disk.operations


LIVES = [life_of_a_training, life_of_a_pruned_training, life_of_a_plain_job]


@pytest.mark.parametrize("life", LIVES)
def test_no_power_cut_breaks_a_promise(life: Callable[[Run], None], tmp_path: Path) -> None:
    operations = recorded(life, tmp_path / "run")
    (tmp_path / "states").mkdir()
    *problems, tried = broken_promises(operations, tmp_path / "run", tmp_path / "states")
    print(len(operations), tried)
    assert problems == []


def site(operation: Operation, root: Path) -> str:
    """Where in the code an fsync comes from, by what it syncs."""
    return re.sub(r"\d+", "N", str(operation.path.relative_to(root)))


def test_every_fsync_is_needed(tmp_path: Path) -> None:
    sites: set[str] = set()
    needed: set[str] = set()
    for life in LIVES:
        root = tmp_path / life.__name__
        operations = recorded(life, root)
        syncs = [place for place, operation in enumerate(operations) if operation.kind == "sync"]
        sites |= {site(operations[place], root) for place in syncs}
        for place in syncs:
            where = site(operations[place], root)
            if where in needed:
                continue
            scratch = tmp_path / f"{life.__name__}-{place}"
            scratch.mkdir()
            without = [*operations[:place], *operations[place + 1 :]]
            if not next(broken_promises(without, root, scratch)).startswith("tried"):
                needed.add(where)
    assert needed == sites
