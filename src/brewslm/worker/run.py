"""What an order's worker is given: its run directory, its journal, and what is asked of it."""

from dataclasses import dataclass
from pathlib import Path

from brewslm.core.wire.progress import ProgressRecord
from brewslm.core.wire.rundir import (
    CANCEL_FILE,
    CHECKPOINT_NOW_FILE,
    CONTROL_FOLDER,
    LEARNING_RATE_FILE,
    PAUSE_FILE,
    STOP_FILE,
)
from brewslm.worker.fence import Fence
from brewslm.worker.files import LOCAL_DISK, Disk
from brewslm.worker.journal import Journal
from brewslm.worker.processes import ALONE, Processes


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt in one run directory."""

    folder: Path
    attempt: int
    journal: Journal
    processes: Processes = ALONE
    disk: Disk = LOCAL_DISK

    @property
    def fence(self) -> Fence:
        """What keeps this attempt from publishing once a newer one has begun."""
        return Fence(self.folder, self.attempt, self.disk)

    def progress(self, fraction: float, message: str) -> None:
        """Say how far a worker is that has no steps."""
        self.journal.append(ProgressRecord(**self.journal.stamp(), fraction=fraction, message=message))

    def is_cancelled(self) -> bool:
        """Whether somebody asked us to stop."""
        return (self.folder / CONTROL_FOLDER / CANCEL_FILE).exists()

    def is_paused(self) -> bool:
        """Whether somebody asked for a checkpoint to go on from later, and for the end of this attempt."""
        return (self.folder / CONTROL_FOLDER / PAUSE_FILE).exists()

    def stop_request(self) -> str | None:
        """Why somebody asks for an end as a whole training; None where nobody does."""
        return self._asked(STOP_FILE)

    def learning_rate_factor(self) -> float | None:
        """By what the recipe's learning rate is to be multiplied from now on; None where nobody says."""
        text = self._asked(LEARNING_RATE_FILE)
        try:
            factor = float(text or "")
        except ValueError:
            return None
        return factor if 0.0 < factor <= 1.0 else None

    def _asked(self, name: str) -> str | None:
        path = self.folder / CONTROL_FOLDER / name
        try:
            return path.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None

    def takes_checkpoint_request(self) -> str | None:
        """Why a checkpoint was asked for, empty where no reason was given, None where nobody asked.

        The request is taken by asking.
        """
        request = self.folder / CONTROL_FOLDER / CHECKPOINT_NOW_FILE
        try:
            reason = request.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None
        request.unlink(missing_ok=True)
        return reason
