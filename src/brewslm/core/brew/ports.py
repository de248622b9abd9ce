"""The user's own code, in a process of its own, and the runs of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from brewslm.core.brew.talk import Broken, Defined, Reply, Word
from brewslm.core.brew.trainer import BrewRun
from brewslm.core.value import Value

Note = Callable[[BrewRun], bool]
"""Writes down where a run is; returns whether it was asked to stop."""


class UserCode(Protocol):
    """A running process that holds the user's code."""

    def opening(self) -> Defined | Broken:
        """Wait until the file is loaded, and return what it says."""

    def tell(self, reply: Reply) -> None:
        """Say something to it; nothing happens where it has ended."""

    def heard(self) -> tuple[Word, ...]:
        """Return what it has said since the last call; never blocks.

        Raises:
            UserCodeError: it has ended, and nothing more will come.
        """

    def printed(self) -> tuple[str, ...]:
        """Return the lines that the user's code has printed since the last call; never blocks."""


class CodeLoader(Protocol):
    """Brings user code to life."""

    def load(self, file: Path, *, is_printing: bool) -> AbstractContextManager[UserCode]:
        """Start a process on a `brew.py`; it ends with the block.

        Args:
            file: the file.
            is_printing: whether what the code prints is kept for `printed`.
        """


class BrewRuns(Protocol):
    """The runs of `brewslm start`: one at a time for each file."""

    def hold(self, run: BrewRun) -> AbstractContextManager[Note]:
        """Be the run of that file while the block lasts.

        Raises:
            ConflictError: there is one already; it says which.
        """

    def current(self, file: Path) -> BrewRun | None:
        """Return the run of that file that is in flight."""


class Piece(Value):
    """A part of what a run has written."""

    text: bytes
    is_over: bool
    """Whether the process has ended, and this is all."""


class BrewStarter(Protocol):
    """Runs `brewslm start` as a process of its own, which outlives this one."""

    def start(self, file: Path, *, trainer: str) -> BrewRun:
        """Start it.

        Raises:
            ConflictError: a run of that file is in flight.
        """

    def output(self, file: Path, *, offset: int) -> Piece:
        """Return what the process that was started last has written from this byte on; never blocks."""

    def ask_to_stop(self, run: BrewRun) -> None:
        """Ask its process to do no job any more."""
