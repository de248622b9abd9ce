"""Readings that are worth trying: for each shape the columns that fit best, with what speaks for them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from brewslm.core.artifacts.schema import ColumnProfile
from brewslm.core.mapping.outcome import SourceRow
from brewslm.stages.introspect.names import words_of
from brewslm.stages.introspect.readings.labels import propose_feedback, propose_labels
from brewslm.stages.introspect.readings.pairs import propose_pairs
from brewslm.stages.introspect.readings.passages import propose_passages
from brewslm.stages.introspect.readings.talks import propose_preferences, propose_talks
from brewslm.stages.introspect.readings.targets import propose_targets
from brewslm.stages.introspect.view import Candidate, View, Vocabulary

_PROPOSERS = (
    propose_talks,
    propose_preferences,
    propose_feedback,
    propose_pairs,
    propose_targets,
    propose_labels,
    propose_passages,
)
_ID_NAMES = frozenset({"id", "uuid", "guid", "_id"})
MIN_UNIQUE = 8
"""Fewer rows say nothing about whether a column names each row."""


def propose(
    rows: Sequence[SourceRow], profiles: Sequence[ColumnProfile], vocabulary: Vocabulary, *, source_format: str = ""
) -> Iterator[Candidate]:
    """Yield candidates of every shape; each is told the column of the source's own ids, where there is one."""
    records = [row.record for row in rows if row.record is not None]
    view = View(records, profiles, vocabulary, source_format)
    row_id = _row_id(profiles, len(records))
    for proposer in _PROPOSERS:
        for candidate in proposer(view):
            columns = candidate.columns.model_copy(update={"row_id": row_id}) if row_id else candidate.columns
            yield replace(candidate, columns=columns)


def _row_id(profiles: Sequence[ColumnProfile], num_records: int) -> str | None:
    """The first column that is called an id, is always there, and never says the same twice in the sample."""
    unique = (p for p in profiles if p.fill_rate == 1.0 and p.num_distinct == num_records >= MIN_UNIQUE)
    named = (p.name for p in unique if "." not in p.name and (p.name.lower() in _ID_NAMES or "id" in words_of(p.name)))
    return next(named, None)
