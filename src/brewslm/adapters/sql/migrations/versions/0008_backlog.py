"""What next runs should mend.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "backlog_entries",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_backlog_entries_project_id")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_backlog_entries")),
        sa.UniqueConstraint("project_id", "key", name=op.f("uq_backlog_entries_project_id_key")),
    )
