"""Runs rejected rows that the user mended again, by the same plan, and writes the next version of the dataset."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from brewslm.core.artifacts.base import Tally
from brewslm.core.artifacts.dataset import Dataset, Rejection, Repair, RepairRule
from brewslm.core.artifacts.mapping import EditedRow, MappingPreview
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.data.example import Example
from brewslm.core.data.snapshot_row import SnapshotRow
from brewslm.core.errors import InvalidRequestError, MappingSourceChangedError
from brewslm.core.mapping.convert import row_id_of
from brewslm.core.mapping.outcome import Converted, Outcome, Refused, SourceRow, parsed, parsed_record
from brewslm.core.mapping.seen import SeenIds
from brewslm.stages.mapping.accounting import converter_of, once_each, ranked, rejection_of
from brewslm.stages.mapping.contract import MapCommitInputs
from brewslm.stages.mapping.rows import rows_path

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class _Origin:
    row: int
    split: str | None = None


@dataclass(frozen=True, slots=True)
class _Rerun:
    """What became of the mended rows, each by its row."""

    converted: dict[int, Converted]
    refused: dict[int, Rejection]


def repair(inputs: MapCommitInputs, preview: MappingPreview, snapshot: Snapshot, context: StageContext) -> Dataset:
    """Convert the mended rows, and write examples, repairs and rejections anew with them in their places.

    Raises:
        MappingSourceChangedError: the dataset was made by another plan.
        InvalidRequestError: a mended row is not one of the rejected ones.
    """
    before = context.shelf.read(Dataset, inputs.repaired_from)  # type: ignore[arg-type]  # the caller has looked
    if before.plan_hash != preview.plan_hash:
        message = f"the dataset was made by the plan {before.plan_hash[:12]}, not by {preview.plan_hash[:12]}"
        raise MappingSourceChangedError(f"{message}. Name the mapping that made it.")
    files = {Path(file.path).name: context.shelf.path(file.path) for file in before.files}
    rerun = _rerun(inputs.edits, preview, files["rejections.parquet"], rows_path(snapshot, context.shelf), context)
    draft = context.shelf.draft()
    _write(draft, files, rerun, context)
    rejections = Counter(before.rejections)
    repairs = Counter(before.repairs)
    rejections.subtract(_reasons_before(files["rejections.parquet"], rerun, context))
    rejections.update(rejection.reason for rejection in rerun.refused.values())
    repairs.update(rule for one in rerun.converted.values() for rule in (*one.repairs, RepairRule.EDITED_BY_USER))
    num_mended = len(rerun.converted)
    tally = Tally(
        total=before.tally.total,
        accepted=before.tally.accepted,
        repaired=before.tally.repaired + num_mended,
        rejected=before.tally.rejected - num_mended,
    )
    return before.model_copy(
        update={
            "files": context.shelf.publish(draft, room="datasets"),
            "repaired_from": inputs.repaired_from,
            "tally": tally,
            "rejections": ranked(+rejections),
            "repairs": ranked(repairs),
            "num_examples": before.num_examples + num_mended,
        }
    )


def _rerun(
    edits: Iterable[EditedRow], preview: MappingPreview, rejected: Path, rows: Path, context: StageContext
) -> _Rerun:
    wanted = {edit.source_row: edit for edit in edits}
    places = {
        one.source_row: one
        for batch in context.tables.read(rejected, Rejection)
        for one in batch
        if one.source_row in wanted
    }
    stray = sorted(wanted.keys() - places.keys())
    if stray:
        message = f"the row {stray[0]} was not rejected, so it cannot be mended; list those that were"
        raise InvalidRequestError(f"{message} with `brewslm dataset rejections`")
    splits = {one.row: one.split for batch in context.tables.read(rows, _Origin) for one in batch if one.row in wanted}
    convert = once_each(converter_of(preview.plan), preview.plan, _known_ids(preview, rejected, rows, context))
    converted: dict[int, Converted] = {}
    refused: dict[int, Rejection] = {}
    for number in sorted(wanted):
        place, text = places[number], wanted[number].record
        row = SourceRow(
            number, place.line, place.byte_offset, parsed_record(text), text, "", place.file, splits.get(number)
        )
        outcome: Outcome = convert(row)
        if isinstance(outcome, Refused):
            refused[number] = rejection_of(row, outcome)
        else:
            converted[number] = outcome
    return _Rerun(converted, refused)


def _known_ids(preview: MappingPreview, rejected: Path, rows: Path, context: StageContext) -> SeenIds | None:
    """The source's ids of the rows that are examples already, where the plan names a column of ids."""
    column = preview.plan.columns.row_id
    if column is None:
        return None
    out = {one.source_row for batch in context.tables.read(rejected, Rejection) for one in batch}
    known = SeenIds()
    for batch in context.tables.read(rows, SnapshotRow):
        for row in map(parsed, batch):
            row_id = None if row.record is None or row.row in out else row_id_of(row.record, column)
            if row_id is not None:
                known.add(row_id)
    return known


def _write(draft: Path, files: dict[str, Path], rerun: _Rerun, context: StageContext) -> None:
    tables = context.tables
    made = [one.example for one in rerun.converted.values()]
    mended = [
        Repair(one.example.source_row, one.example.id, rule)
        for one in rerun.converted.values()
        for rule in (*one.repairs, RepairRule.EDITED_BY_USER)
    ]
    by_row: Callable[[Example | Repair], int] = attrgetter("source_row")
    with tables.write(draft / "examples.parquet", Example) as examples:
        for example in heapq.merge(_all(files["examples.parquet"], Example, context), made, key=by_row):
            examples.add((example,))
    with tables.write(draft / "repairs.parquet", Repair) as repairs:
        for one in heapq.merge(_all(files["repairs.parquet"], Repair, context), mended, key=by_row):
            repairs.add((one,))
    with tables.write(draft / "rejections.parquet", Rejection) as rejections:
        for rejection in _all(files["rejections.parquet"], Rejection, context):
            if rejection.source_row not in rerun.converted:
                rejections.add((rerun.refused.get(rejection.source_row, rejection),))


def _reasons_before(rejected: Path, rerun: _Rerun, context: StageContext) -> Counter[str]:
    done = rerun.converted.keys() | rerun.refused.keys()
    return Counter(str(one.reason) for one in _all(rejected, Rejection, context) if one.source_row in done)


def _all(path: Path, row: type[RowT], context: StageContext) -> Iterator[RowT]:
    for batch in context.tables.read(path, row):
        yield from batch
