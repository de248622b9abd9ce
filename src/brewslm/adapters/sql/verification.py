"""Re-computes the hash chains from what is stored, and names every row that does not fit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, String, select, type_coerce

from brewslm.adapters.sql.rows.events import chain_of
from brewslm.adapters.sql.schema import chain_heads, run_events
from brewslm.core.events.base import FIRST_HASH, NewEvent, event_hash
from brewslm.core.ids import ProjectId
from brewslm.core.ports.storage import ChainProblem
from brewslm.core.value import canonical_json

PAGE_ROWS = 1000

_RAW = [
    # Times are read as text where the database has no such type: what is no time any more must be named, not raised.
    type_coerce(column, String).label(column.name) if column.name.endswith("_at") else column
    for column in run_events.c
]


@dataclass(slots=True)
class _Link:
    """The last row of a chain that was seen."""

    seq: int
    hash: str
    count: int


@dataclass(slots=True)
class _Gap:
    """Sequence numbers that no row has, from `first` to `last`."""

    first: int
    last: int
    chain: int | None = None
    """The chain that a row is known to be missing from."""


@dataclass(slots=True)
class _Walk:
    """What is known on the way: one link per chain, and the problems; nothing grows with clean rows."""

    num_events: int = 0
    expected: int = 1
    links: dict[int, _Link] = field(default_factory=dict)
    gaps: list[_Gap] = field(default_factory=list)
    problems: list[ChainProblem] = field(default_factory=list)

    def report(self, seq: int, chain: int, problem: str) -> None:
        self.problems.append(ChainProblem(seq=seq, project_id=ProjectId(chain) if chain else None, problem=problem))

    def gap_between(self, low: int, high: int) -> _Gap | None:
        return next((gap for gap in reversed(self.gaps) if gap.first > low and gap.last < high), None)


def verify_chains(connection: Connection) -> tuple[int, tuple[ChainProblem, ...]]:
    """Return the number of events and the rows that do not fit, by sequence number. Memory stays flat."""
    walk = _Walk()
    for row in _pages(connection):
        _step(walk, row)
    _close(walk, {head.chain: _Link(head.seq, head.hash, head.num_events) for head in _heads(connection)})
    for gap in walk.gaps:
        rows = f"row {gap.first} is" if gap.first == gap.last else f"rows {gap.first} to {gap.last} are"
        walk.report(gap.first, gap.chain or 0, f"{rows} missing: removed after it was recorded")
    return walk.num_events, tuple(sorted(walk.problems, key=lambda problem: problem.seq))


def _pages(connection: Connection) -> Iterator[Mapping[Any, Any]]:
    after = None
    while True:
        query = select(*_RAW).order_by(run_events.c.seq).limit(PAGE_ROWS)
        if after is not None:
            query = query.where(run_events.c.seq > after)
        page = connection.execute(query).mappings().all()
        yield from page
        if len(page) < PAGE_ROWS:
            return
        after = page[-1]["seq"]


def _heads(connection: Connection) -> Iterator[Any]:
    yield from connection.execute(select(chain_heads))


def _step(walk: _Walk, row: Mapping[Any, Any]) -> None:
    seq, chain = row["seq"], chain_of(row["project_id"])
    walk.num_events += 1
    if seq > walk.expected:
        walk.gaps.append(_Gap(walk.expected, seq - 1))
    walk.expected = seq + 1
    is_whole = row["hash"] == _recompute(row)
    if not is_whole:
        walk.report(seq, chain, "its content does not match its hash: changed, inserted or moved by force")
    before = walk.links.get(chain)
    if row["prev_hash"] != (FIRST_HASH if before is None else before.hash):
        _explain_break(walk, seq, chain, before, is_whole=is_whole)
    walk.links[chain] = _Link(seq, row["hash"], 1 if before is None else before.count + 1)


def _explain_break(walk: _Walk, seq: int, chain: int, before: _Link | None, *, is_whole: bool) -> None:
    """Find out which row broke the chain before `seq`: one that is missing, this one, or the one before it."""
    gap = walk.gap_between(before.seq if before else 0, seq)
    if gap is not None:
        gap.chain = chain
    elif is_whole and before is not None:
        problem = f"row {seq} continues another hash: changed by force and hashed again"
        walk.report(before.seq, chain, problem)
    elif is_whole:
        walk.report(seq, chain, "it is the first of its chain, but continues another row")


def _close(walk: _Walk, heads: dict[int, _Link]) -> None:
    """Compare the ends of the chains with what was noted when their last events were recorded."""
    newest = max((head.seq for head in heads.values()), default=0)
    if newest >= walk.expected:
        walk.gaps.append(_Gap(walk.expected, newest))
    for chain, link in walk.links.items():
        head = heads.get(chain)
        if head is None or link.seq > head.seq:
            walk.report(link.seq, chain, "the ledger did not record it as the end of its chain: inserted by force")
        elif link.seq == head.seq and link.hash != head.hash:
            walk.report(link.seq, chain, "its hash is not the recorded one: changed by force and hashed again")
    for chain, head in heads.items():
        present = walk.links.get(chain)
        if present is None or present.seq < head.seq:
            _explain_tail(walk, chain, head)


def _explain_tail(walk: _Walk, chain: int, head: _Link) -> None:
    gap = next((gap for gap in walk.gaps if gap.first <= head.seq <= gap.last), None)
    if gap is None:
        walk.report(head.seq, chain, "it was the end of this chain, and is not part of it any more")
    else:
        gap.chain = chain


def _recompute(row: Mapping[Any, Any]) -> str | None:
    """Return the hash that the row should have; None where it cannot be read, or is not spelled as it was written."""
    try:
        payload = json.loads(row["payload"])
        fields = {name: row[name] for name in NewEvent.model_fields}
        event = NewEvent.model_validate({**fields, "payload": payload, "occurred_at": _time(row["occurred_at"])})
        if canonical_json(payload) != row["payload"]:
            return None
        return event_hash(event, seq=row["seq"], recorded_at=_time(row["recorded_at"]), prev_hash=row["prev_hash"])
    except (ValueError, TypeError, AttributeError):
        return None


def _time(stored: str | datetime) -> datetime:
    return (datetime.fromisoformat(stored) if isinstance(stored, str) else stored).replace(tzinfo=UTC)
