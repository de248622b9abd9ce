"""Finding out what a log is, by its name and its beginning."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from brewslm.adapters.logs.journal import journal_observations
from brewslm.adapters.logs.trainers import (
    line_observations,
    state_observations,
    table_observations,
    tensorboard_observations,
)
from brewslm.core.errors import InvalidRequestError
from brewslm.core.health.observation import Observation
from brewslm.core.ports.training_logs import LogFormat, TrainingLog
from brewslm.core.wire.rundir import LOG_FILE

_STATE_FILE = "trainer_state.json"
_EVENTS = "*tfevents*"
_TABLES = {".csv", ".tsv"}
_LINES = {".jsonl", ".ndjson", ".log", ".json", ".txt"}
_HEAD_BYTES = 1 << 16

_READERS: dict[LogFormat, Callable[[Path, list[str]], Iterator[Observation]]] = {
    "journal": journal_observations,
    "trainer_state": state_observations,
    "jsonl": line_observations,
    "csv": table_observations,
    "tensorboard": lambda path, notes: tensorboard_observations(_event_files(path), notes),
}


class FileTrainingLogs:
    """Reads logs from files and folders."""

    def read(self, path: Path) -> TrainingLog:
        """Open a log, or the newest one in a folder.

        Raises:
            InvalidRequestError: it does not exist, cannot be read, or is no log that is known.
        """
        try:
            found = _in_folder(path) if path.is_dir() else path
            log_format = _format(found)
        except OSError as error:
            message = f"The log {str(path)!r} cannot be read: {error.strerror}. Name a file or folder that is there."
            raise InvalidRequestError(message) from error
        notes: list[str] = []
        return TrainingLog(log_format, found, _READERS[log_format](found, notes), notes)


def _in_folder(folder: Path) -> Path:
    if (folder / LOG_FILE).is_file():
        return folder / LOG_FILE
    states = [*folder.glob(_STATE_FILE), *folder.glob(f"checkpoint-*/{_STATE_FILE}")]
    if states:
        return max(states, key=lambda state: state.stat().st_mtime_ns)
    if any(folder.glob(_EVENTS)):
        return folder
    message = f"The folder {str(folder)!r} holds no {LOG_FILE}, {_STATE_FILE} or TensorBoard events; name a file"
    raise InvalidRequestError(message)


def _event_files(path: Path) -> list[Path]:
    return list(path.glob(_EVENTS)) if path.is_dir() else [path]


def _format(path: Path) -> LogFormat:
    if path.is_dir() or "tfevents" in path.name:
        return "tensorboard"
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if path.suffix.lower() in _TABLES:
        return "csv"
    if path.suffix.lower() == ".json" and b'"log_history"' in head + path.read_bytes():
        return "trainer_state"
    if path.suffix.lower() in _LINES or head.lstrip()[:1] == b"{":
        return "journal" if _is_journal(head) else "jsonl"
    message = f"{str(path)!r} is no log that is known; name JSON Lines, CSV, trainer_state.json or TensorBoard events"
    raise InvalidRequestError(message)


def _is_journal(head: bytes) -> bool:
    """Whether the first line is a record of ours: no other trainer numbers its lines and attempts."""
    try:
        first = json.loads(head.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and {"seq", "attempt", "kind", "time"} <= first.keys()
