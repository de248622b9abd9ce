"""Logs of trainings, our own and those of other trainers, and files of thresholds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from brewslm.core.health.layers import ThresholdLayer
from brewslm.core.health.observation import Observation

LogFormat = Literal["journal", "trainer_state", "jsonl", "csv", "tensorboard"]


@dataclass(frozen=True, slots=True)
class TrainingLog:
    """A log that is being read."""

    format: LogFormat
    path: Path
    observations: Iterator[Observation]
    notes: list[str] = field(default_factory=list)
    """What was left out and why; whole once the observations are read to their end."""


class TrainingLogs(Protocol):
    """Reads them."""

    def read(self, path: Path) -> TrainingLog:
        """Open a log, or the newest one in a folder.

        Raises:
            InvalidRequestError: it does not exist, cannot be read, or is no log that is known.
        """


class NoThresholdFiles:
    """A workspace in which the defaults count."""

    def layers(self, extra: Path | None) -> list[ThresholdLayer]:
        """Return nothing that would change them."""
        del extra
        return []


class ThresholdFiles(Protocol):
    """Reads them."""

    def layers(self, extra: Path | None) -> list[ThresholdLayer]:
        """Return what the workspace's file says, where there is one, then what `extra` says.

        Raises:
            InvalidRequestError: one cannot be read, or is no mapping of sections.
        """
