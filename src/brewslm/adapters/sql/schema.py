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
    MetaData,
    PrimaryKeyConstraint,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from brewslm.adapters.sql.columns import WHOLE, PlainText

HEAD = "0009"
"""The newest migration. A database at another revision is migrated, or refused where this code does not know it."""


SERIES = ("loss", "delta", "learning_rate", "grad_norm")
"""What charts draw of progress rows, as columns, so that a million rows are thinned out without reading their text."""


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
    Column("id", WHOLE, primary_key=True, autoincrement=False),
    Column("name", PlainText, nullable=False, unique=True),
    Column("template", PlainText, nullable=False),
    Column("base_model", PlainText, nullable=False),
    Column("seed", WHOLE, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", WHOLE, primary_key=True, autoincrement=False),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("run_id", PlainText, nullable=False, unique=True),
    Column("parent_id", ForeignKey("jobs.id"), index=True),
    Column("idempotency_key", PlainText),
    Column("status", PlainText, nullable=False, index=True),
    Column("phase", PlainText, nullable=False),
    Column("payload", PlainText, nullable=False),
    Column("fraction", Float, nullable=False),
    Column("message", PlainText, nullable=False),
    Column("attempt", WHOLE, nullable=False),
    Column("lease_owner", PlainText),
    Column("lease_expires_at", UtcDateTime),
    Column("is_cancel_requested", Boolean, nullable=False),
    Column("artifact_id", PlainText),
    Column("reason", PlainText),
    Column("error", PlainText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime, index=True),
    Column("version", WHOLE, nullable=False),
    Column("priority", WHOLE, nullable=False, server_default="0"),
    Column("retry_of", ForeignKey("jobs.id"), index=True),
    Column("device", PlainText),
    Column("is_pause_requested", Boolean, nullable=False, server_default="0"),
    Column("waiting_reason", PlainText),
    Column("question", PlainText),
    Column("gate_id", WHOLE),
    UniqueConstraint("project_id", "idempotency_key"),
    Index(None, "project_id", "id"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("id", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("schema_version", WHOLE, nullable=False),
    Column("content_hash", PlainText, nullable=False),
    Column("body", PlainText, nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("added_seq", WHOLE, nullable=False, unique=True),
    Column("shelf_seq", WHOLE, nullable=False, unique=True),
    PrimaryKeyConstraint("project_id", "id"),
    Index(None, "project_id", "kind", "shelf_seq"),
)
"""`added_seq` is the order of first arrival; `shelf_seq` moves up whenever an equal artifact is put on the shelf."""

artifact_parents = Table(
    "artifact_parents",
    metadata,
    Column("project_id", WHOLE, nullable=False),
    Column("artifact_id", PlainText, nullable=False),
    Column("position", WHOLE, nullable=False),
    Column("parent_id", PlainText, nullable=False),
    PrimaryKeyConstraint("project_id", "artifact_id", "position"),
    ForeignKeyConstraint(["project_id", "artifact_id"], ["artifacts.project_id", "artifacts.id"]),
    ForeignKeyConstraint(["project_id", "parent_id"], ["artifacts.project_id", "artifacts.id"]),
    Index(None, "project_id", "parent_id"),
)

run_events = Table(
    "run_events",
    metadata,
    Column("seq", WHOLE, primary_key=True, autoincrement=False),
    Column("project_id", ForeignKey("projects.id")),
    Column("run_id", PlainText, nullable=False),
    Column("parent_run_id", PlainText),
    Column("stage", PlainText, nullable=False),
    Column("severity", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("actor", PlainText, nullable=False),
    Column("summary", PlainText, nullable=False),
    Column("payload", PlainText, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("prev_hash", PlainText, nullable=False),
    Column("hash", PlainText, nullable=False),
    Index(None, "project_id", "seq"),
    Index(None, "run_id", "seq"),
    Index(None, "project_id", "severity", "seq", "stage"),
    Index(None, "run_id", "reason", "severity", "occurred_at"),
)
"""Append-only: two triggers refuse UPDATE and DELETE."""

chain_heads = Table(
    "chain_heads",
    metadata,
    Column("chain", WHOLE, primary_key=True, autoincrement=False),
    Column("seq", WHOLE, nullable=False),
    Column("hash", PlainText, nullable=False),
    Column("num_events", WHOLE, nullable=False),
)
"""The last event of every chain, so that a cut-off tail is noticed; `chain` is the project's id, or 0."""

metrics = Table(
    "metrics",
    metadata,
    Column("id", WHOLE, primary_key=True, autoincrement=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("seq", WHOLE, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("step", WHOLE),
    Column("body", PlainText, nullable=False),
    Column("loss", Float),
    Column("delta", Float),
    Column("learning_rate", Float),
    Column("grad_norm", Float),
    Column("is_non_finite", Boolean, nullable=False),
    UniqueConstraint("job_id", "seq", name="uq_metrics_job_id_seq"),
    Index(None, "job_id"),
    Index("ix_metrics_series", "job_id", "kind", "seq", *SERIES, "is_non_finite"),
)
"""`id` rises in the order of commits over all jobs, and streams resume by it; the series repeat what `body` holds."""

server_leader = Table(
    "server_leader",
    metadata,
    Column("id", WHOLE, primary_key=True, autoincrement=False),
    Column("epoch", WHOLE, nullable=False),
    Column("owner", PlainText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
)
"""One row: how often a server took the workspace, and the last that did."""

journal_positions = Table(
    "journal_positions",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True, autoincrement=False),
    Column("offset_bytes", WHOLE, nullable=False),
)

experiments = Table(
    "experiments",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("id", WHOLE, nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False, unique=True),
    Column("plan_id", PlainText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
)

releases = Table(
    "releases",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("version", WHOLE, nullable=False),
    Column("release_id", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("canary_share", Float, nullable=False, server_default="0"),
    Column("reason", PlainText, nullable=False, server_default=""),
    Column("actor", PlainText),
    Column("decided_at", UtcDateTime),
    Column("live_at", UtcDateTime),
    PrimaryKeyConstraint("project_id", "version"),
)

endpoint_keys = Table(
    "endpoint_keys",
    metadata,
    Column("id", WHOLE, primary_key=True, autoincrement=False),
    Column("project_id", ForeignKey("projects.id"), nullable=False, index=True),
    Column("name", PlainText, nullable=False),
    Column("hint", PlainText, nullable=False),
    Column("sha256", PlainText, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

gates = Table(
    "gates",
    metadata,
    Column("id", WHOLE, primary_key=True, autoincrement=False),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("stage", PlainText, nullable=False),
    Column("mode", PlainText, nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False, unique=True),
    Column("flow_id", ForeignKey("jobs.id")),
    Column("artifact_id", PlainText, nullable=False),
    Column("state", PlainText, nullable=False, index=True),
    Column("question", PlainText, nullable=False),
    Column("note", PlainText, nullable=False),
    Column("actor", PlainText),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Index(None, "project_id", "artifact_id"),
)

gate_modes = Table(
    "gate_modes",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("stage", PlainText, nullable=False),
    Column("mode", PlainText, nullable=False),
    PrimaryKeyConstraint("project_id", "stage"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", WHOLE, primary_key=True, autoincrement=False),
    Column("event_seq", ForeignKey("run_events.seq"), nullable=False, unique=True),
    Column("event_hash", PlainText, nullable=False),
    Column("project_id", ForeignKey("projects.id")),
    Column("run_id", PlainText, nullable=False),
    Column("parent_run_id", PlainText, index=True),
    Column("job_id", ForeignKey("jobs.id")),
    Column("experiment_id", WHOLE),
    Column("severity", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("title", PlainText, nullable=False),
    Column("line", PlainText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Column("is_routed", Boolean, nullable=False),
    Index(None, "read_at", "id"),
    Index(None, "is_routed", "id"),
)
"""What people are told of, written with its event; `is_routed`: channels have been asked if they want it."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("notification_id", ForeignKey("notifications.id"), nullable=False),
    Column("channel", PlainText, nullable=False),
    Column("severity", PlainText, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("tries", WHOLE, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("message_id", PlainText),
    Column("lease", PlainText),
    Column("lease_expires_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    PrimaryKeyConstraint("notification_id", "channel"),
    Index(None, "state", "channel", "notification_id"),
    Index(None, "channel", "finished_at"),
)
"""The outbox of the alert channels."""

channel_states = Table(
    "channel_states",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("last_sent_at", UtcDateTime),
    Column("last_failed_at", UtcDateTime),
    Column("last_error", PlainText),
    Column("is_dead", Boolean, nullable=False),
)
"""How each alert channel has fared."""
backlog_entries = Table(
    "backlog_entries",
    metadata,
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("number", WHOLE, nullable=False),
    Column("key", PlainText, nullable=False),
    Column("body", PlainText, nullable=False),
    PrimaryKeyConstraint("project_id", "number"),
    UniqueConstraint("project_id", "key"),
)
"""What next runs should mend."""

monitor_states = Table(
    "monitor_states",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("name", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    PrimaryKeyConstraint("job_id", "name"),
)
"""What the judge of a training remembers between two pages of its journal, and the patrol between two rounds."""

watch_checks = Table(
    "watch_checks",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("step", WHOLE, nullable=False),
    Column("position", WHOLE, nullable=False),
    Column("body", PlainText, nullable=False),
    PrimaryKeyConstraint("job_id", "step", "position"),
)

watchers = Table(
    "watchers",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("body", PlainText, nullable=False),
)
