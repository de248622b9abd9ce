"""The audit spine: append-only, hash-chained per project."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from pydantic import ValidationError
from sqlalchemy import Connection, Select, bindparam, func, insert, select, union_all

from brewslm.adapters.sql.columns import REPLACEMENT
from brewslm.adapters.sql.rows.choosing import wanted
from brewslm.adapters.sql.schema import chain_heads, in_utc, run_events
from brewslm.adapters.sql.upserts import put
from brewslm.core.errors import WorkspaceError
from brewslm.core.events.base import FIRST_HASH, NewEvent, RunEvent, event_hash
from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.core.events.reasons import Severity
from brewslm.core.ids import ProjectId, RunId
from brewslm.core.value import canonical_json

# Built once: an append is on the path of every state change.
_HEAD = select(chain_heads).where(chain_heads.c.chain == bindparam("of_chain"))
_NEWEST = select(
    select(func.max(run_events.c.seq)).scalar_subquery(), select(func.max(chain_heads.c.seq)).scalar_subquery()
)
_INSERT = insert(run_events)


class SqlEventRows:
    """Implements `core.ports.storage.EventRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, event: NewEvent, *, recorded_at: datetime) -> RunEvent:
        """Give it the next sequence number and its place in the chain of its project (or of the workspace)."""
        new = as_stored(event)
        recorded = in_utc(recorded_at)
        chain = chain_of(new.project_id)
        head = self._connection.execute(_HEAD, {"of_chain": chain}).one_or_none()
        prev_hash = FIRST_HASH if head is None else head.hash
        seq = self._newest_seq() + 1
        row = RunEvent(
            **new.model_dump(),
            seq=seq,
            recorded_at=recorded,
            prev_hash=prev_hash,
            hash=event_hash(new, seq=seq, recorded_at=recorded, prev_hash=prev_hash),
        )
        self._connection.execute(_INSERT, _to_row(row))
        num_events = 1 if head is None else head.num_events + 1
        moved = {"chain": chain, "seq": seq, "hash": row.hash, "num_events": num_events}
        self._connection.execute(put(self._connection, chain_heads, "chain"), moved)
        return row

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        run_id: RunId | None = None,
        after_seq: int = 0,
        limit: int = 1000,
    ) -> tuple[RunEvent, ...]:
        """By sequence number, after `after_seq`."""
        return self.following(EventChoice(project_id=project_id, run_id=run_id), after_seq=after_seq, limit=limit)

    def following(
        self, choice: EventChoice = EVERY_EVENT, *, after_seq: int, limit: int = 1000
    ) -> tuple[RunEvent, ...]:
        """The first `limit` events of a choice after a number, in ascending order."""
        query = select(run_events).where(run_events.c.seq > after_seq, *wanted(choice, self._connection))
        return self._read(query.order_by(run_events.c.seq).limit(limit))

    def newest(
        self, choice: EventChoice = EVERY_EVENT, *, before_seq: int | None = None, limit: int = 50
    ) -> tuple[RunEvent, ...]:
        """The last `limit` events of a choice before a number, in ascending order."""
        query = select(run_events)
        if before_seq is not None:
            query = query.where(run_events.c.seq < before_seq)
        if choice.project_id is not None and choice.run_id is None and (choice.severities or choice.stages):
            return self._merged(query, choice, limit)
        query = query.where(*wanted(choice, self._connection)).order_by(run_events.c.seq.desc())
        return tuple(reversed(self._read(query.limit(limit))))

    def _merged(self, query: Select[Any], choice: EventChoice, limit: int) -> tuple[RunEvent, ...]:
        """Of a project, an index has the numbers of each severity in order: from each as many as are shown."""
        others = wanted(choice.model_copy(update={"severities": ()}), self._connection)
        newest = query.where(*others).order_by(run_events.c.seq.desc()).limit(limit)
        severities = choice.severities or get_args(Severity)
        parts = (newest.where(run_events.c.severity == severity).subquery() for severity in severities)
        merged = union_all(*map(select, parts)).subquery()
        rows = self._read(select(merged).order_by(merged.c.seq.desc()).limit(limit))
        return tuple(reversed(rows))

    def _newest_seq(self) -> int:
        """The heads are asked too, so that a number whose row was removed by force is not given out again."""
        rows, heads = self._connection.execute(_NEWEST).one()
        return max(rows or 0, heads or 0)

    def _read(self, query: Select[Any]) -> tuple[RunEvent, ...]:
        return tuple(_from_row(row) for row in self._connection.execute(query).mappings())


def chain_of(project_id: ProjectId | None) -> int:
    """The key of a project's chain; 0 is the workspace's."""
    return 0 if project_id is None else int(project_id)


def as_stored(event: NewEvent) -> NewEvent:
    """Spell an event as it will be read again, from either database, because the hash is taken over that."""
    plain = json.loads(canonical_json(event.model_dump(mode="json", include=set(NewEvent.model_fields))))
    kept = {
        name: value.replace("\0", REPLACEMENT) if isinstance(value, str) else value for name, value in plain.items()
    }
    return NewEvent.model_validate({**kept, "occurred_at": in_utc(event.occurred_at)})


def _to_row(event: RunEvent) -> dict[str, Any]:
    return {**event.model_dump(), "reason": event.reason.value, "payload": canonical_json(event.payload)}


def _from_row(row: Mapping[Any, Any]) -> RunEvent:
    try:
        return RunEvent.model_validate({**row, "payload": json.loads(row["payload"])})
    except (ValidationError, ValueError, TypeError) as error:
        message = f"Event {row['seq']} was changed and cannot be read; run `brewslm audit verify`."
        raise WorkspaceError(message) from error
