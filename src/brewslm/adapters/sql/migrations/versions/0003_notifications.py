"""Notifications, and the outbox of the alert channels.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "notifications",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("event_seq", WHOLE, nullable=False),
        sa.Column("event_hash", sa.Text(), nullable=False),
        sa.Column("project_id", WHOLE, nullable=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("parent_run_id", sa.Text(), nullable=True),
        sa.Column("job_id", WHOLE, nullable=True),
        sa.Column("experiment_id", WHOLE, nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.Column("is_routed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["event_seq"], ["run_events.seq"], name=op.f("fk_notifications_event_seq")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_notifications_job_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_notifications_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("event_seq", name=op.f("uq_notifications_event_seq")),
    )
    op.create_index(op.f("ix_notifications_parent_run_id"), "notifications", ["parent_run_id"])
    op.create_index(op.f("ix_notifications_read_at_id"), "notifications", ["read_at", "id"])
    op.create_index(op.f("ix_notifications_is_routed_id"), "notifications", ["is_routed", "id"])
    op.create_table(
        "deliveries",
        sa.Column("notification_id", WHOLE, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", WHOLE, nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["notification_id"], ["notifications.id"], name=op.f("fk_deliveries_notification_id")),
        sa.PrimaryKeyConstraint("notification_id", "channel", name=op.f("pk_deliveries")),
    )
    op.create_index(
        op.f("ix_deliveries_state_channel_notification_id"), "deliveries", ["state", "channel", "notification_id"]
    )
    op.create_index(op.f("ix_deliveries_channel_finished_at"), "deliveries", ["channel", "finished_at"])
    op.create_table(
        "channel_states",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_sent_at", sa.DateTime(), nullable=True),
        sa.Column("last_failed_at", sa.DateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("is_dead", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel_states")),
    )
