"""The tables as this version of the code expects them. Migrations make them; a test holds that both agree."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0002"
"""The newest migration. A database at another revision is migrated, or refused where this code does not know it."""


def in_utc(moment: datetime) -> datetime:
    """Spell a moment as the database gives it back.

    Raises:
        ValueError: it has no time zone, so nobody knows what it means.
    """
    if moment.tzinfo is None:
        message = f"{moment!r} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC)


def times_in_utc(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with every time in UTC.

    Raises:
        ValueError: a time has no zone.
    """
    return {name: in_utc(value) if isinstance(value, datetime) else value for name, value in row.items()}


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Leave the zone out, because it is always UTC."""
        return None if value is None else in_utc(value).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Say that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("template", Text, nullable=False),
    Column("base_model", Text, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("run_id", Text, nullable=False, unique=True),
    Column("parent_id", ForeignKey("jobs.id"), index=True),
    Column("idempotency_key", Text),
    Column("status", Text, nullable=False, index=True),
    Column("phase", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("fraction", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lease_owner", Text),
    Column("lease_expires_at", UtcDateTime),
    Column("is_cancel_requested", Boolean, nullable=False),
    Column("artifact_id", Text),
    Column("reason", Text),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("project_id", "idempotency_key"),
    Index(None, "project_id", "id"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("added_seq", Integer, nullable=False, unique=True),
    Column("shelf_seq", Integer, nullable=False, unique=True),
    PrimaryKeyConstraint("project_id", "id"),
    Index(None, "project_id", "kind", "shelf_seq"),
)
"""`added_seq` is the order of first arrival; `shelf_seq` moves up whenever an equal artifact is put on the shelf."""

artifact_parents = Table(
    "artifact_parents",
    metadata,
    Column("project_id", Integer, nullable=False),
    Column("artifact_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("parent_id", Text, nullable=False),
    PrimaryKeyConstraint("project_id", "artifact_id", "position"),
    ForeignKeyConstraint(["project_id", "artifact_id"], ["artifacts.project_id", "artifacts.id"]),
    ForeignKeyConstraint(["project_id", "parent_id"], ["artifacts.project_id", "artifacts.id"]),
    Index(None, "project_id", "parent_id"),
)

run_events = Table(
    "run_events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id")),
    Column("run_id", Text, nullable=False),
    Column("parent_run_id", Text),
    Column("stage", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "project_id", "seq"),
    Index(None, "run_id", "seq"),
)
"""Append-only: two triggers refuse UPDATE and DELETE."""

chain_heads = Table(
    "chain_heads",
    metadata,
    Column("chain", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("num_events", Integer, nullable=False),
)
"""The last event of every chain, so that a cut-off tail is noticed; `chain` is the project's id, or 0."""

metrics = Table(
    "metrics",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("step", Integer),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("job_id", "seq"),
)

journal_positions = Table(
    "journal_positions",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True, autoincrement=False),
    Column("offset_bytes", Integer, nullable=False),
)

experiments = Table(
    "experiments",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("id", Integer, nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False, unique=True),
    Column("plan_id", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
)

releases = Table(
    "releases",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("release_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "version"),
)

gates = Table(
    "gates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False, unique=True),
    Column("flow_id", ForeignKey("jobs.id")),
    Column("artifact_id", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("actor", Text),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Index(None, "project_id", "artifact_id"),
)

gate_modes = Table(
    "gate_modes",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("mode", Text, nullable=False),
    PrimaryKeyConstraint("project_id", "stage"),
)
