"""What controls a job: its place in the line, its pause, its retry, and what it asks.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("jobs", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    # As text, because the operation for it adds the foreign key by a statement that SQLite does not have.
    op.execute("ALTER TABLE jobs ADD COLUMN retry_of INTEGER CONSTRAINT fk_jobs_retry_of REFERENCES jobs (id)")
    op.create_index(op.f("ix_jobs_retry_of"), "jobs", ["retry_of"])
    op.add_column("jobs", sa.Column("device", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("is_pause_requested", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("waiting_reason", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("question", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("gate_id", sa.Integer(), nullable=True))
