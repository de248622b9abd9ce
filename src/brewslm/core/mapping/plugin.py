"""Rows by way of a plugin: what it makes of a record is read by the same converters as any other record."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Shape
from brewslm.core.errors import MapperError
from brewslm.core.mapping.deadline import within
from brewslm.core.mapping.outcome import Refused, SourceRow, parsed_record
from brewslm.core.ports.mappers import Mapper
from brewslm.core.value import canonical_json

CHUNK_ROWS = 256
CHUNK_SECONDS = 30.0
"""A plugin that takes longer for so many rows hangs."""

_TEXTS = ColumnMap(prompt="prompt", completion="completion", context="context", system="system")
COLUMNS: dict[Shape, ColumnMap] = {
    "chat": ColumnMap(messages="messages", system="system", tools="tools"),
    "instruction": _TEXTS,
    "prompt_completion": _TEXTS,
    "qa": _TEXTS,
    "summarisation": _TEXTS,
    "translation": _TEXTS,
    "classification": ColumnMap(text="text", label="label", system="system"),
    "preference": ColumnMap(prompt="prompt", chosen="chosen", rejected="rejected", system="system", tools="tools"),
    "binary_feedback": ColumnMap(prompt="prompt", completion="completion", label="label", system="system"),
    "extraction": ColumnMap(text="text", target="target", system="system"),
    "plain_text": ColumnMap(text="text"),
    "documents": ColumnMap(text="text"),
}
"""What the columns of each shape are called in the records that a plugin makes."""


def made_rows(
    rows: Iterable[SourceRow], mapper: Mapper, name: str, *, seconds: float = CHUNK_SECONDS
) -> Iterator[tuple[SourceRow, SourceRow | Refused]]:
    """Yield each row with what the plugin makes of it: a row with the new record, or why there is none.

    Raises:
        MapperError: it does not answer in time.
    """
    source = iter(rows)
    while chunk := list(islice(source, CHUNK_ROWS)):
        try:
            made = within(seconds, lambda chunk=chunk: [_made(row, mapper, name) for row in chunk])  # type: ignore[misc]  # a default binds the chunk
        except TimeoutError:
            message = (
                f"the mapper {name!r} took more than {seconds:.0f} s for {len(chunk)} rows from row {chunk[0].row} on"
            )
            raise MapperError(f"{message}; repair it, or choose another mapping") from None
        yield from zip(chunk, made, strict=True)


def sureness(records: Sequence[dict[str, Any]], mapper: Mapper, name: str, *, seconds: float = CHUNK_SECONDS) -> float:
    """Ask a plugin how sure it is of a sample.

    Raises:
        MapperError: it raises, does not answer in time, or answers with anything but a number from 0 to 1.
    """
    copies = json.loads(canonical_json(list(records)))
    try:
        answer: object = within(seconds, lambda: mapper.propose(copies))
    except TimeoutError:
        raise MapperError(f"the mapper {name!r} did not answer within {seconds:.0f} s; repair it") from None
    except Exception as error:
        raise MapperError(f"the mapper {name!r} raised {_told(error)} when it was asked; repair it") from error
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not 0.0 <= answer <= 1.0:
        raise MapperError(f"the mapper {name!r} answered {answer!r}, which is no number from 0 to 1; repair it")
    return float(answer)


def _made(row: SourceRow, mapper: Mapper, name: str) -> SourceRow | Refused:
    if row.record is None:
        return row
    try:
        made: object = mapper.convert(parsed_record(row.raw) or {})
        if not isinstance(made, dict):
            detail = f"the mapper {name!r} returned {type(made).__name__}, not an object"
            return Refused(RejectionReason.MAPPER_FAILED, detail)
        text = canonical_json(made)
        text.encode()
        return row._replace(record=json.loads(text))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is the fate of this row
        return Refused(RejectionReason.MAPPER_FAILED, f"the mapper {name!r} raised {_told(error)}")


def _told(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}"[:200].split())
