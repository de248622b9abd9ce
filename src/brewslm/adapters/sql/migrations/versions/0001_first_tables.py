"""The first tables, and the triggers that keep the audit spine append-only.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TRIGGERS_OF_SQLITE = (
    """CREATE TRIGGER run_events_refuse_update BEFORE UPDATE ON run_events
    BEGIN SELECT RAISE(ABORT, 'run_events is append-only'); END""",
    """CREATE TRIGGER run_events_refuse_delete BEFORE DELETE ON run_events
    BEGIN SELECT RAISE(ABORT, 'run_events is append-only'); END""",
    # INSERT OR REPLACE deletes the old row without asking the trigger above.
    """CREATE TRIGGER run_events_refuse_replace BEFORE INSERT ON run_events
    WHEN EXISTS (SELECT 1 FROM run_events WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'run_events is append-only'); END""",
)

TRIGGERS_OF_POSTGRES = (
    """CREATE FUNCTION run_events_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'run_events is append-only'; END $$""",
    """CREATE TRIGGER run_events_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON run_events
    FOR EACH STATEMENT EXECUTE FUNCTION run_events_refuse()""",
)


def upgrade() -> None:
    """Make everything."""
    _make_work()
    _make_artifacts()
    _make_audit()
    _make_results()


def _make_work() -> None:
    op.create_table(
        "projects",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("base_model", sa.Text(), nullable=False),
        sa.Column("seed", WHOLE, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("name", name=op.f("uq_projects_name")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("parent_id", WHOLE, nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("fraction", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("attempt", WHOLE, nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(), nullable=True),
        sa.Column("is_cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("artifact_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("version", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name=op.f("fk_jobs_parent_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_jobs_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("project_id", "idempotency_key", name=op.f("uq_jobs_project_id_idempotency_key")),
        sa.UniqueConstraint("run_id", name=op.f("uq_jobs_run_id")),
    )
    op.create_index(op.f("ix_jobs_parent_id"), "jobs", ["parent_id"])
    op.create_index(op.f("ix_jobs_project_id_id"), "jobs", ["project_id", "id"])
    op.create_index(op.f("ix_jobs_status"), "jobs", ["status"])


def _make_artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("schema_version", WHOLE, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("job_id", WHOLE, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("added_seq", WHOLE, nullable=False),
        sa.Column("shelf_seq", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_artifacts_job_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_artifacts_project_id")),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("added_seq", name=op.f("uq_artifacts_added_seq")),
        sa.UniqueConstraint("shelf_seq", name=op.f("uq_artifacts_shelf_seq")),
    )
    op.create_index(op.f("ix_artifacts_project_id_kind_shelf_seq"), "artifacts", ["project_id", "kind", "shelf_seq"])
    op.create_table(
        "artifact_parents",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("artifact_id", sa.Text(), nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "artifact_id"],
            ["artifacts.project_id", "artifacts.id"],
            name=op.f("fk_artifact_parents_project_id_artifact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "parent_id"],
            ["artifacts.project_id", "artifacts.id"],
            name=op.f("fk_artifact_parents_project_id_parent_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "artifact_id", "position", name=op.f("pk_artifact_parents")),
    )
    op.create_index(op.f("ix_artifact_parents_project_id_parent_id"), "artifact_parents", ["project_id", "parent_id"])


def _make_audit() -> None:
    op.create_table(
        "run_events",
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project_id", WHOLE, nullable=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("parent_run_id", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_run_events_project_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_run_events")),
    )
    op.create_index(op.f("ix_run_events_project_id_seq"), "run_events", ["project_id", "seq"])
    op.create_index(op.f("ix_run_events_run_id_seq"), "run_events", ["run_id", "seq"])
    op.create_table(
        "chain_heads",
        sa.Column("chain", WHOLE, autoincrement=False, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("num_events", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_chain_heads")),
    )
    is_postgres = op.get_context().dialect.name == "postgresql"
    for trigger in TRIGGERS_OF_POSTGRES if is_postgres else TRIGGERS_OF_SQLITE:
        op.execute(trigger)


def _make_results() -> None:
    op.create_table(
        "metrics",
        sa.Column("job_id", WHOLE, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", WHOLE, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_metrics_job_id")),
        sa.PrimaryKeyConstraint("job_id", "seq", name=op.f("pk_metrics")),
    )
    op.create_table(
        "journal_positions",
        sa.Column("job_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("offset_bytes", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_journal_positions_job_id")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_journal_positions")),
    )
    op.create_table(
        "experiments",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("job_id", WHOLE, nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_experiments_job_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_experiments_project_id")),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("job_id", name=op.f("uq_experiments_job_id")),
    )
    op.create_table(
        "releases",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_releases_project_id")),
        sa.PrimaryKeyConstraint("project_id", "version", name=op.f("pk_releases")),
    )
