"""The one way from rows to examples, which dry run and commit share: every row is counted in exactly one bucket."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from brewslm.core.artifacts.base import Tally
from brewslm.core.artifacts.dataset import Rejection, RejectionReason
from brewslm.core.artifacts.mapping import MappingPlan
from brewslm.core.data.example import Example
from brewslm.core.data.snapshot_row import SnapshotRow
from brewslm.core.mapping.convert import converter, row_id_of
from brewslm.core.mapping.outcome import Converted, Outcome, Refused, SourceRow, parsed, parsed_record, source_row
from brewslm.core.mapping.plain import Plain, plain_reader
from brewslm.core.mapping.plugin import made_rows
from brewslm.core.mapping.seen import SeenIds
from brewslm.core.ports.mappers import Mappers
from brewslm.stages.mapping.rows import REPORT_ROWS


class Outlet(Protocol):
    """Where examples and rejections go."""

    def accept(self, converted: Converted | Plain) -> None:
        """Take an example, with the rules that mended it."""

    def reject(self, rejection: Rejection) -> None:
        """Take a row that did not become an example."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where the rows went."""

    tally: Tally
    rejections: dict[str, int]
    """Reason to rows."""
    repairs: dict[str, int]
    """Rule to rows; a row that two rules mended counts for both."""


def map_rows(
    rows: Iterable[SnapshotRow],
    plan: MappingPlan,
    outlet: Outlet,
    *,
    mappers: Mappers,
    at_row: Callable[[int], None],
) -> Accounts:
    """Convert every row by the plan, hand it to the outlet, and count it.

    Every 4,096 rows `at_row` hears how many are done.

    Raises:
        MapperError: the plan needs a plugin that is not there, or that does not answer.
    """
    rejections: Counter[str] = Counter()
    repairs: Counter[str] = Counter()
    total = num_repaired = 0
    for fate in _fates(rows, plan, mappers):
        total += 1
        if isinstance(fate, Rejection):
            rejections[fate.reason] += 1
            outlet.reject(fate)
        else:
            if fate.repairs:
                num_repaired += 1
                repairs.update(fate.repairs)
            outlet.accept(fate)
        if not total % REPORT_ROWS:
            at_row(total)
    num_rejected = rejections.total()
    tally = Tally(
        total=total,
        accepted=total - num_repaired - num_rejected,
        repaired=num_repaired,
        rejected=num_rejected,
    )
    return Accounts(tally, ranked(rejections), ranked(repairs))


def _fates(rows: Iterable[SnapshotRow], plan: MappingPlan, mappers: Mappers) -> Iterator[Plain | Converted | Rejection]:
    """Yield what becomes of each row: by a look where that is enough, else by the converters."""
    convert = once_each(converter_of(plan), plan)
    read_plain = plain_reader(plan)
    if read_plain is None:
        for row, outcome in outcomes_of(map(parsed, rows), plan, mappers, convert):
            yield _fate(row, outcome)
        return
    for stored in rows:
        record = parsed_record(stored.record)
        plain = None if record is None else read_plain(stored, record)
        if plain is None:
            row = source_row(stored, record)
            yield _fate(row, convert(row))
        else:
            yield plain


def _fate(row: SourceRow, outcome: Outcome) -> Converted | Rejection:
    return rejection_of(row, outcome) if isinstance(outcome, Refused) else outcome


def outcomes_of(
    rows: Iterable[SourceRow], plan: MappingPlan, mappers: Mappers, convert: Callable[[SourceRow], Outcome]
) -> Iterator[tuple[SourceRow, Outcome]]:
    """Yield each row with what becomes of it; where the plan names a plugin, its record is made by that first."""
    if plan.mapper is None:
        for row in rows:
            yield row, convert(row)
        return
    for row, made in made_rows(rows, mappers.find(plan.mapper), plan.mapper):
        yield row, made if isinstance(made, Refused) else convert(made)


def converter_of(plan: MappingPlan) -> Callable[[SourceRow], Outcome]:
    """What converts a row by the plan."""
    return converter(plan.shape, plan.columns, plan.transforms, max_characters=plan.max_characters)


def once_each(
    convert: Callable[[SourceRow], Outcome], plan: MappingPlan, seen: SeenIds | None = None
) -> Callable[[SourceRow], Outcome]:
    """Refuse a row whose id an example before it has, where the plan names the column of the ids."""
    column = plan.columns.row_id
    if column is None:
        return convert
    known = SeenIds() if seen is None else seen

    def convert_new(row: SourceRow) -> Outcome:
        outcome = convert(row)
        row_id = None if row.record is None else row_id_of(row.record, column)
        if isinstance(outcome, Refused) or row_id is None or known.add(row_id):
            return outcome
        return Refused(RejectionReason.DUPLICATE_ID, f"the {column!r} {row_id[:80]!r} is that of an earlier row")

    return convert_new


def rejection_of(row: SourceRow, refused: Refused) -> Rejection:
    """The record of a rejected row, with its text."""
    return Rejection(
        source_row=row.row,
        line=row.line,
        byte_offset=row.byte_offset,
        reason=refused.reason,
        detail=refused.detail,
        raw=row.raw,
        file=row.file,
    )


class Sample:
    """The outlet of a dry run: it keeps the first few of both."""

    def __init__(self, *, num_examples: int, num_rejections: int, raw_characters: int) -> None:
        """Keep this many examples and rejections, and this much of a rejected row's text."""
        self._limits = (num_examples, num_rejections, raw_characters)
        self.examples: list[Example] = []
        self.rejections: list[Rejection] = []

    def accept(self, converted: Converted | Plain) -> None:
        """Keep it if it is among the first."""
        if len(self.examples) < self._limits[0]:
            self.examples.append(converted.example)

    def reject(self, rejection: Rejection) -> None:
        """Keep it if it is among the first, or the first of its reason; places are held free for these."""
        is_new = all(kept.reason != rejection.reason for kept in self.rejections)
        if is_new or len(self.rejections) < self._limits[1] - len(RejectionReason):
            self.rejections.append(replace(rejection, raw=rejection.raw[: self._limits[2]]))


def ranked(counts: Counter[str]) -> dict[str, int]:
    """Counts by name, the highest first, equals by name."""
    return {str(name): count for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))}
