"""Parquet and Arrow: typed columns become JSON records."""

import base64
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.formats.csv_dialect import unique_names
from brewslm.stages.ingest.reading.batch import Batch
from brewslm.stages.ingest.reading.record import Record, malformed, record_of_value

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1024
_FORM = "NaN as null, decimals as exact text, dates as ISO 8601, bytes as text or else Base64"
_STRICT = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


@dataclass(frozen=True, slots=True)
class Opened:
    """A binary file whose rows can be read."""

    details: dict[str, str]
    read: Callable[[], Iterator[Batch]]


def open_parquet(path: Path, name: str) -> Opened:
    """Read the footer of a Parquet file.

    Raises:
        SourceError: it is damaged; `ingestion_malformed`.
    """
    import pyarrow.parquet as pq

    with _damage_told(name):
        file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
        num_groups = file.num_row_groups
        schema = file.schema_arrow

    def read() -> Iterator[Batch]:
        seen = 0
        for group in range(num_groups):
            with _damage_told(name, seen):
                batches = file.iter_batches(batch_size=BATCH_ROWS, row_groups=[group], use_threads=False)
            offset: int | None = None
            while (found := _next(batches, name, seen)) is not None:
                if offset is None:
                    # Not sooner: of a column whose metadata is damaged, this question ends the whole process.
                    offset = max(0, file.metadata.row_group(group).column(0).data_page_offset) if schema.names else 0
                yield _batch_of(found, name, seen, offset)
                seen += found.num_rows

    return Opened({"values": _FORM, "row_groups": str(num_groups)}, read)


def open_arrow(path: Path, name: str) -> Opened:
    """Read the schema of an Arrow file, or of an Arrow stream.

    Raises:
        SourceError: it is damaged; `ingestion_malformed`.
    """
    import pyarrow as pa

    with path.open("rb") as file:
        is_file = file.read(6) == b"ARROW1"
    with _damage_told(name):
        opened = pa.ipc.open_file(path) if is_file else pa.ipc.open_stream(path.open("rb"))

    def batches() -> "Iterator[pa.RecordBatch]":
        yield from (opened.get_batch(index) for index in range(opened.num_record_batches)) if is_file else opened

    def read() -> Iterator[Batch]:
        seen, whole = 0, batches()
        while (found := _next(whole, name, seen)) is not None:
            with _damage_told(name, seen):
                found.validate(full=True)
            for start in range(0, found.num_rows, BATCH_ROWS):
                part = found.slice(start, BATCH_ROWS)
                yield _batch_of(part, name, seen, 0)
                seen += part.num_rows

    return Opened({"values": _FORM, "kind": "file" if is_file else "stream"}, read)


def _next(batches: "Iterator[pa.RecordBatch]", name: str, seen: int) -> "pa.RecordBatch | None":
    with _damage_told(name, seen):
        return next(batches, None)


@contextmanager
def _damage_told(name: str, seen: int = 0) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowMemoryError, MemoryError):
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, IndexError, KeyError) as error:
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        message = f"{name!r} is damaged after row {seen:,}: {why}. Get the file again."
        raise SourceError(message, reason=Reason.INGESTION_MALFORMED) from error


def _batch_of(found: "pa.RecordBatch", name: str, seen: int, offset: int) -> Batch:
    with _damage_told(name, seen):
        names = unique_names(found.schema.names)
        columns = [_values(column) for column in found.columns]
    batch = Batch()
    for number, cells in enumerate(zip(*columns, strict=True) if columns else [()] * found.num_rows, start=seen + 1):
        row = dict(zip(names, cells, strict=True))
        try:
            text = orjson.dumps(row, option=_STRICT)
        except (TypeError, ValueError):
            batch.add(_record(row, number, offset))
            continue
        if b"\\u0000" in text or b"null" in text or text.count(b"[") + text.count(b"{") > 60:
            batch.add(_record(row, number, offset))
        else:
            batch.add_text(number, offset, text, names)
    return batch


def _values(column: "pa.Array") -> list[Any]:
    """The Python values of a column; a value that Python cannot hold becomes the problem of its own row."""
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError, TypeError, ArithmeticError):
        return [_value(cell) for cell in column]


def _value(cell: "pa.Scalar") -> Any:  # noqa: ANN401 - any value
    try:
        return cell.as_py()
    except (ValueError, OverflowError, TypeError, ArithmeticError) as error:
        return _Unreadable(str(error).splitlines()[0][:200] if str(error) else type(error).__name__)


@dataclass(frozen=True, slots=True)
class _Unreadable:
    why: str


def _record(row: dict[str, Any], number: int, offset: int) -> Record:
    """The slow way for rows with values that JSON does not have."""
    try:
        plain = _plain(row)
    except (ValueError, RecursionError) as error:
        return malformed(number, offset, raw=repr(row)[:65536], problem=str(error))
    return record_of_value(plain, repr(row)[:65536], number, offset)


def _plain(value: Any) -> Any:  # noqa: ANN401, C901, PLR0911 - one line per type that Arrow gives
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            if math.isinf(value):
                message = "a number is infinite"
                raise ValueError(message)
            return None if math.isnan(value) else value
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case bytes():
            return _text_of(value)
        case Decimal():
            if not value.is_finite():
                return None
            return int(value) if value == value.to_integral_value() and abs(value.adjusted()) < 30 else str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _Unreadable():
            message = f"a value cannot be read: {value.why}"
            raise ValueError(message)
    return str(value)


def _text_of(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
