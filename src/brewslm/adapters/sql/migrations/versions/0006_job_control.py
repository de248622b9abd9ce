"""What controls a job: its place in the line, its pause, its retry, and what it asks.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("jobs", sa.Column("priority", WHOLE, nullable=False, server_default="0"))
    # As text, because the operation for it adds the foreign key by a statement that SQLite does not have.
    whole = WHOLE.compile(op.get_context().dialect)
    op.execute(f"ALTER TABLE jobs ADD COLUMN retry_of {whole} CONSTRAINT fk_jobs_retry_of REFERENCES jobs (id)")
    op.create_index(op.f("ix_jobs_retry_of"), "jobs", ["retry_of"])
    op.add_column("jobs", sa.Column("device", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("is_pause_requested", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("waiting_reason", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("question", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("gate_id", WHOLE, nullable=True))
