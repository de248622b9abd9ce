"""`measurements.jsonl`: what finished trainings took in this workspace, one line each."""

import logging
import os
from pathlib import Path

from pydantic import ValidationError

from brewslm.core.forecast.measured import Measurement

log = logging.getLogger(__name__)

FILE = "measurements.jsonl"
_MOST = 2000
"""Lines that are read, the newest: a workspace of years is not slower for it."""


class FileMeasurements:
    """Implements `core.forecast.measured.Measurements` in the workspace."""

    def __init__(self, workspace: Path) -> None:
        """Keep them in the workspace."""
        self._path = workspace / FILE

    def add(self, measurement: Measurement) -> None:
        """Append a line in one write, which several processes may do; one that cannot be kept is left out."""
        line = measurement.model_dump_json().encode() + b"\n"
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, line)
            finally:
                os.close(file)
        except OSError as error:
            log.warning("what the training took could not be kept in %s: %s", self._path, error)

    def all(self) -> tuple[Measurement, ...]:
        """The oldest first; lines that are torn, or of another version, are passed over."""
        try:
            lines = self._path.read_bytes().splitlines()[-_MOST:]
        except OSError:
            return ()
        found = []
        for line in lines:
            try:
                found.append(Measurement.model_validate_json(line))
            except ValidationError:
                continue
        return tuple(found)
