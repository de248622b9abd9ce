"""Logs of other trainers: `trainer_state.json`, JSON Lines, CSV, TensorBoard."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from brewslm.adapters.logs.lines import json_objects, whole_lines
from brewslm.adapters.logs.names import RowReader
from brewslm.core.errors import InvalidRequestError
from brewslm.core.health.observation import Observation

_TOGETHER_SECONDS = 1.0
"""Scalars of one step that were written within this time are one row; what came later is, say, its evaluation."""


def state_observations(path: Path, notes: list[str]) -> Iterator[Observation]:
    """Yield the log history of the Hugging Face trainer, which writes no times.

    Raises:
        InvalidRequestError: the file is no such state.
    """
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"{str(path)!r} is no whole JSON: {error}; wait until it is written") from error
    history = data.get("log_history") if isinstance(data, dict) else None
    if not isinstance(history, list):
        raise InvalidRequestError(f"{str(path)!r} has no log_history; name a trainer_state.json of a checkpoint")
    yield Observation("start", total_steps=_cadence(data, "max_steps"), eval_every=_cadence(data, "eval_steps"))
    reader = RowReader()
    for row in history:
        if isinstance(row, dict):
            yield from reader.observations(row)
    notes.append("the Hugging Face trainer writes no times: pauses cannot be judged")


def _cadence(state: dict[str, Any], name: str) -> int | None:
    value = state.get(name)
    return value if isinstance(value, int) and value > 0 else None


def line_observations(path: Path, notes: list[str]) -> Iterator[Observation]:
    """Yield the rows of JSON Lines. A last line without a newline counts if it is whole."""
    reader = RowReader()
    for row in json_objects(path, notes):
        yield from reader.observations(row)


def table_observations(path: Path, notes: list[str]) -> Iterator[Observation]:
    """Yield the rows of a CSV or TSV file with a header. A last row without a newline is left out."""
    texts = (
        line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
        for number, line in whole_lines(path, notes, is_newline_needed=True)
    )
    header = next(texts, "")
    delimiter = max("\t;,", key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    reader = RowReader()
    num_short = 0
    for cells in csv.reader(texts, delimiter=delimiter):
        num_short += 0 < len(cells) < len(names)
        yield from reader.observations(dict(zip(names, cells, strict=False)))
    if num_short:
        notes.append(f"{num_short} rows have fewer cells than the header")


def tensorboard_observations(paths: Sequence[Path], notes: list[str]) -> Iterator[Observation]:
    """Yield the scalars of event files, oldest first; every file begins an attempt.

    Raises:
        InvalidRequestError: the reader is not installed.
    """
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        message = "Reading TensorBoard needs its package: `pip install 'brewslm[tensorboard]'`"
        raise InvalidRequestError(message) from error
    reader = RowReader()
    for attempt, path in enumerate(sorted(paths), start=1):
        yield Observation("start", attempt=attempt)
        try:
            for row in _rows(EventFileLoader(str(path)).Load(), make_ndarray):
                yield from reader.observations(row)
        except Exception as error:  # noqa: BLE001 - the library's own class for a torn record is private
            notes.append(f"{path.name} cannot be read to its end: {error}")


def _rows(events: Iterable[Any], array_of: Callable[[Any], Any]) -> Iterator[dict[str, Any]]:
    """Put the scalars together that were written for one step, one after the other."""
    row: dict[str, Any] = {}
    for event in events:
        for value in event.summary.value:
            array = array_of(value.tensor) if value.HasField("tensor") else None
            if array is None or array.size != 1 or array.dtype.kind not in "fiu":
                continue
            is_apart = row and (row["step"] != event.step or event.wall_time - row["wall_time"] > _TOGETHER_SECONDS)
            if is_apart or value.tag in row:
                yield row
                row = {}
            row = {"step": event.step, "wall_time": event.wall_time, **row, value.tag: float(array.item())}
    if row:
        yield row
