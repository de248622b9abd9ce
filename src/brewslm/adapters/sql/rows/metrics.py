"""Progress: many, small, no chain."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from brewslm.adapters.sql.schema import SERIES, journal_positions, metrics
from brewslm.adapters.sql.upserts import put
from brewslm.core.errors import ConflictError
from brewslm.core.ids import JobId
from brewslm.core.ports.storage import MetricRow
from brewslm.core.value import canonical_json

_NEWEST = select(func.max(metrics.c.id))
_COLUMNS = tuple(metrics.c[name] for name in MetricRow.model_fields)


class SqlMetricRows:
    """Implements `core.ports.storage.MetricRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, rows: Sequence[MetricRow], *, job_id: JobId, offset: int) -> None:
        """Insert rows and the byte offset up to which the journal was read, together.

        Rows that another reader of the same journal has stored already are stepped over; the offset never falls.

        Raises:
            ConflictError: a sequence number is known with another content.
        """
        known = self._known(rows, job_id)
        new = []
        for row in rows:
            if row.job_id != job_id:
                message = f"row {row.seq} is of job {row.job_id}, not {job_id}"
                raise ValueError(message)
            if row.seq not in known:
                new.append(_to_row(row))
            elif known[row.seq] != canonical_json(row.body):
                message = f"Journal record {row.seq} of job {job_id} is known with another content."
                raise ConflictError(message)
        if new:
            newest = self._connection.scalar(_NEWEST) or 0
            numbered = [{"id": number, **row} for number, row in enumerate(new, start=newest + 1)]
            self._connection.execute(insert(metrics), numbered)
        position = {"job_id": job_id, "offset_bytes": max(offset, self.offset(job_id))}
        self._connection.execute(put(self._connection, journal_positions, "job_id"), position)

    def offset(self, job_id: JobId) -> int:
        """Byte offset up to which the job's journal was read; 0 at first."""
        query = select(journal_positions.c.offset_bytes).where(journal_positions.c.job_id == job_id)
        return int(self._connection.scalar(query) or 0)

    def list(
        self, job_id: JobId, *, after_seq: int = 0, kind: str | None = None, limit: int = 10000
    ) -> tuple[MetricRow, ...]:
        """By sequence number."""
        query = (
            select(*_COLUMNS)
            .where(metrics.c.job_id == job_id, metrics.c.seq > after_seq)
            .order_by(metrics.c.seq)
            .limit(limit)
        )
        if kind is not None:
            query = query.where(metrics.c.kind == kind)
        found = self._connection.execute(query).mappings()
        return tuple(MetricRow.model_validate({**row, "body": json.loads(row["body"])}) for row in found)

    def _known(self, rows: Sequence[MetricRow], job_id: JobId) -> dict[int, str]:
        if not rows:
            return {}
        numbers = [row.seq for row in rows]
        query = select(metrics.c.seq, metrics.c.body).where(
            metrics.c.job_id == job_id, metrics.c.seq.between(min(numbers), max(numbers))
        )
        return {row.seq: row.body for row in self._connection.execute(query)}


def _to_row(row: MetricRow) -> dict[str, Any]:
    series = {name: row.body.get(name) for name in SERIES}
    return {
        **row.model_dump(),
        **series,
        "body": canonical_json(row.body),
        "loss": row.body.get("loss", row.body.get("eval_loss")),
        "is_non_finite": bool(row.body.get("non_finite")),
    }
