"""What the watch over trainings remembers, its lines, and who watches.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "monitor_states",
        sa.Column("job_id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_monitor_states_job_id")),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_monitor_states")),
    )
    op.create_table(
        "watch_checks",
        sa.Column("job_id", WHOLE, nullable=False),
        sa.Column("step", WHOLE, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_watch_checks_job_id")),
        sa.PrimaryKeyConstraint("job_id", "step", "position", name=op.f("pk_watch_checks")),
    )
    op.create_table(
        "watchers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watchers")),
    )
