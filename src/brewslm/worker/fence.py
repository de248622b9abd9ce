"""The fence: an attempt that was given up on, and yet lives, publishes nothing."""

from dataclasses import dataclass
from pathlib import Path

from brewslm.core.wire.rundir import FENCE_FILE
from brewslm.worker.failure import SupersededError
from brewslm.worker.files import Disk, write_whole


@dataclass(frozen=True, slots=True)
class Fence:
    """Of one attempt. That only one attempt lives at a time is the lock's promise; this catches what slips through."""

    folder: Path
    attempt: int
    disk: Disk

    def take(self) -> None:
        """Shut out every earlier attempt.

        Raises:
            SupersededError: a later attempt has been here.
        """
        self.check()
        write_whole(self.folder / FENCE_FILE, str(self.attempt).encode(), disk=self.disk)

    def check(self) -> None:
        """Go on only while no later attempt has begun; called right before something is published.

        Raises:
            SupersededError: a later attempt has begun.
        """
        newest = self._newest()
        if newest > self.attempt:
            raise SupersededError(f"Attempt {self.attempt} publishes nothing more: attempt {newest} has begun.")

    def _newest(self) -> int:
        try:
            return int((self.folder / FENCE_FILE).read_text())
        except (FileNotFoundError, ValueError):
            return 0
