"""Rejected rows of a dataset: listed, filtered, downloaded, and mended by the user to be run again alone."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any, Literal

from pydantic import Field

from brewslm.core.artifacts.dataset import Dataset, Rejection, RejectionReason
from brewslm.core.artifacts.mapping import EditedRow, MappingPreview
from brewslm.core.errors import InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.mapping.json_text import read_json
from brewslm.core.value import Value, canonical_json
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.mapping.contract import MAX_EDITED_CHARACTERS, MAX_EDITED_ROWS, MapCommitInputs

FILE = "/rejections.parquet"
MAX_RAW_CHARACTERS = 4000
"""A page cuts longer texts of rows; a download has them whole."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Format = Literal["jsonl", "csv"]


class RejectionFilter(Value):
    """Which rejected rows are meant; None and an empty text mean all."""

    reason: RejectionReason | None = None
    file: str | None = None
    contains: str = ""
    """A text that the row or what is wrong with it contains, whatever the case."""

    def fits(self, rejection: Rejection) -> bool:
        """Whether a row is meant."""
        if self.reason not in {None, rejection.reason} or self.file not in {None, rejection.file}:
            return False
        wanted = self.contains.lower()
        return wanted in rejection.raw.lower() or wanted in rejection.detail.lower()


class RejectedRow(Value):
    """A rejected row, its text cut where it is very long."""

    source_row: int
    line: int
    byte_offset: int
    reason: RejectionReason
    detail: str
    raw: str
    is_cut: bool
    file: str


class RejectionPage(Value):
    """Some rejected rows of a dataset."""

    dataset_id: ArtifactId
    """The version whose mapping rejected them; a cleaned version has those of the one that it began from."""
    num_rejected: int
    """Of the whole dataset."""
    reasons: dict[str, int]
    """Of the whole dataset: reason to rows, the most frequent first."""
    start: int
    rows: tuple[RejectedRow, ...]
    next_start: int | None
    """Where the next page begins; None where this is the last one."""


class MendedRow(Value):
    """One row with its mended record: as an object, or as the text of one."""

    source_row: int = Field(ge=0)
    record: dict[str, Any] | str


class RepairRequest(Value):
    """Rejected rows with their mended records."""

    rows: tuple[MendedRow, ...] = Field(min_length=1, max_length=MAX_EDITED_ROWS)


class Rejections:
    """The service."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def page(
        self,
        project_id: ProjectId,
        dataset_id: ArtifactId,
        wanted: RejectionFilter | None = None,
        *,
        start: int = 0,
        limit: int = 50,
    ) -> RejectionPage:
        """Return `limit` of the rejected rows that are meant, from number `start` on.

        Raises:
            NotFoundError: there is no such dataset.
        """
        mapped_id, dataset = self.mapped(project_id, dataset_id)
        found: list[RejectedRow] = []
        more = False
        skipped = 0
        for rejection in self.each(project_id, mapped_id, wanted):
            if skipped < start:
                skipped += 1
            elif len(found) == limit:
                more = True
                break
            else:
                found.append(_shown(rejection))
        return RejectionPage(
            dataset_id=mapped_id,
            num_rejected=dataset.tally.rejected,
            reasons=dataset.rejections,
            start=start,
            rows=tuple(found),
            next_start=start + limit if more else None,
        )

    def each(
        self, project_id: ProjectId, dataset_id: ArtifactId, wanted: RejectionFilter | None = None
    ) -> Iterator[Rejection]:
        """Yield the rejected rows that are meant, whole, in the order of the source.

        Raises:
            NotFoundError: there is no such dataset.
        """
        _, dataset = self.mapped(project_id, dataset_id)
        shelf = self._shelf(project_id)
        for file in dataset.files:
            if file.path.endswith(FILE):
                for batch in self._ports.tables.read(shelf.path(file.path), Rejection):
                    yield from (one for one in batch if wanted is None or wanted.fits(one))

    def download(
        self,
        project_id: ProjectId,
        dataset_id: ArtifactId,
        wanted: RejectionFilter | None = None,
        *,
        form: Format = "jsonl",
    ) -> Iterator[str]:
        """Yield a file of the rejected rows that are meant, line by line; a CSV's cells are no formulas."""
        rows = self.each(project_id, dataset_id, wanted)
        return _jsonl(rows) if form == "jsonl" else _csv(rows)

    def repair(self, project_id: ProjectId, dataset_id: ArtifactId, rows: Iterable[MendedRow]) -> MapCommitInputs:
        """Turn mended rows into the run of the stage that makes the next version of the dataset.

        Raises:
            NotFoundError: there is no such dataset, or its mapping is gone.
            InvalidRequestError: a record is no JSON object, a row is named twice, or there are too many.
        """
        mapped_id, dataset = self.mapped(project_id, dataset_id)
        edits = _edits(rows)
        return MapCommitInputs(
            mapping_id=self._mapping_of(project_id, dataset),
            snapshot_id=dataset.snapshot_id,
            plan_hash=dataset.plan_hash,
            min_coverage=0.0,
            repaired_from=mapped_id,
            edits=edits,
        )

    def mapped(self, project_id: ProjectId, dataset_id: ArtifactId) -> tuple[ArtifactId, Dataset]:
        """The version of a dataset that was mapped, where this one was made of it by cleaning.

        Raises:
            NotFoundError: there is no such dataset.
        """
        shelf = self._shelf(project_id)
        dataset = shelf.read(Dataset, dataset_id)
        while dataset.cleaned_from is not None:
            dataset_id = dataset.cleaned_from
            dataset = shelf.read(Dataset, dataset_id)
        return dataset_id, dataset

    def _mapping_of(self, project_id: ProjectId, dataset: Dataset) -> ArtifactId:
        with self._ports.storage.read() as transaction:
            previews = transaction.artifacts.list(project_id=project_id, kind=MappingPreview.kind)
        found = [one.id for one in previews if one.body.get("plan_hash") == dataset.plan_hash]
        if not found:
            message = f"the mapping {dataset.plan_hash[:12]} of the dataset is gone; map the snapshot again"
            raise NotFoundError(message)
        return found[-1]

    def _shelf(self, project_id: ProjectId) -> ProjectShelf:
        return ProjectShelf(self._ports.storage, self._ports.store, project_id)


def mended_rows(lines: Iterable[str], *, name: str) -> tuple[MendedRow, ...]:
    """Read an edited download: JSON lines with `source_row`, and the mended record as `record` or as `raw`.

    Raises:
        InvalidRequestError: a line cannot be read; it is named.
    """
    found: list[MendedRow] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"line {number} of {name!r}"
        try:
            row = read_json(line)
        except ValueError as error:
            raise InvalidRequestError(f"{where} is no JSON: {error}; correct it") from None
        record = (row.get("record", row.get("raw")) if isinstance(row, dict) else None) or None
        if not isinstance(row, dict) or type(row.get("source_row")) is not int or not isinstance(record, dict | str):
            message = f"{where} must hold source_row (a number) and record (an object) or raw (its text)"
            raise InvalidRequestError(message)
        if row["source_row"] < 0:
            raise InvalidRequestError(f"{where} names the row {row['source_row']}; rows are counted from 0")
        found.append(MendedRow(source_row=row["source_row"], record=record))
    if not found:
        raise InvalidRequestError(f"{name!r} names no rows; write one JSON object a line")
    return tuple(found)


def _edits(rows: Iterable[MendedRow]) -> tuple[EditedRow, ...]:
    found: dict[int, EditedRow] = {}
    size = 0
    for row in rows:
        if row.source_row in found:
            raise InvalidRequestError(f"the row {row.source_row} is named twice; name each row once")
        text = _record_text(row)
        size += len(text)
        if len(found) == MAX_EDITED_ROWS or size > MAX_EDITED_CHARACTERS:
            message = (
                f"more than {MAX_EDITED_ROWS:,} rows or {MAX_EDITED_CHARACTERS:,} characters are too much for one "
                "repair; correct the source and import it again"
            )
            raise InvalidRequestError(message)
        found[row.source_row] = EditedRow(source_row=row.source_row, record=text)
    return tuple(found[number] for number in sorted(found))


def _record_text(row: MendedRow) -> str:
    try:
        record = read_json(row.record) if isinstance(row.record, str) else json.loads(canonical_json(row.record))
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"the record of row {row.source_row} is no JSON: {error}; correct it") from None
    if not isinstance(record, dict):
        raise InvalidRequestError(f"the record of row {row.source_row} is no JSON object; write one as {{…}}")
    return canonical_json(record)


def _shown(rejection: Rejection) -> RejectedRow:
    is_cut = len(rejection.raw) > MAX_RAW_CHARACTERS
    values = {**asdict(rejection), "raw": rejection.raw[:MAX_RAW_CHARACTERS], "is_cut": is_cut}
    return RejectedRow.model_validate(values)


def _jsonl(rows: Iterable[Rejection]) -> Iterator[str]:
    for row in rows:
        yield canonical_json(asdict(row)) + "\n"


def _csv(rows: Iterable[Rejection]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow([field.name for field in fields(Rejection)])
    for row in rows:
        yield _taken(line)
        writer.writerow([_harmless(value) for value in asdict(row).values()])
    yield _taken(line)


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


def _harmless(value: Any) -> Any:  # noqa: ANN401 - a cell
    """A spreadsheet would run a cell that begins like a formula; a quote before it makes it a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
