"""Writes checkpoints off the training thread, one at a time, and says in the journal when one is durable."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from brewslm.core.checkpoints.choosing import best_of, whole_checkpoints
from brewslm.core.checkpoints.manifest import Checkpoint
from brewslm.core.wire.progress import CheckpointRecord
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER
from brewslm.worker.run import Run
from brewslm.worker.train.checkpoints.keeping import prune
from brewslm.worker.train.checkpoints.publishing import publish
from brewslm.worker.train.checkpoints.snapshot import Snapshot


class CheckpointWriter:
    """A thread of its own with one checkpoint in flight, whose errors are raised by the next call."""

    def __init__(self, run: Run, *, keep: int) -> None:
        """Write into this run directory, and keep so many of the newest."""
        self._run, self._keep = run, keep
        self._root = run.folder / CHECKPOINTS_FOLDER
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._in_flight: Future[tuple[Checkpoint, bool]] | None = None

    def __enter__(self) -> Self:
        """Use it while a training goes on."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the checkpoint in flight become durable, also when the training fails."""
        self._thread.shutdown(wait=True)

    def submit(self, take: Callable[[], Snapshot]) -> None:
        """Wait for what is in flight, take a snapshot, and begin to write that; raises what `wait` does."""
        self.wait()
        self._in_flight = self._thread.submit(self._save, take())

    def report(self) -> None:
        """Say that a checkpoint is saved, if it has become so, without waiting; raises what `wait` does."""
        if self._in_flight is not None and self._in_flight.done():
            self.wait()

    def wait(self) -> None:
        """Wait for the checkpoint in flight, and say that it is saved.

        Raises:
            NotFiniteError: a weight or a moment is not finite.
            SupersededError: a newer attempt has begun.
            OSError: the disk is full or broken.
        """
        future, self._in_flight = self._in_flight, None
        if future is None:
            return
        checkpoint, is_best = future.result()
        self._run.journal.append(
            CheckpointRecord(
                **self._run.journal.stamp(),
                step=checkpoint.step,
                folder=f"{CHECKPOINTS_FOLDER}/{checkpoint.folder.name}",
                eval_loss=checkpoint.eval_loss,
                is_best=is_best,
                size_bytes=sum(entry.size_bytes for entry in checkpoint.manifest.files.values()),
            )
        )

    def _save(self, snapshot: Snapshot) -> tuple[Checkpoint, bool]:
        """Make a checkpoint durable, and return it and whether it is the best so far."""
        self._run.journal.sync()  # a resume from it would not write these lines again
        checkpoint = publish(self._root, snapshot, fence=self._run.fence, disk=self._run.disk)
        prune(self._root, keep=self._keep, disk=self._run.disk)
        best = best_of(whole_checkpoints(self._root))
        return checkpoint, best is not None and best.folder == checkpoint.folder
