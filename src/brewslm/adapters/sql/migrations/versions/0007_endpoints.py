"""What is decided about a release, and the keys of endpoints.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("releases", sa.Column("canary_share", sa.Float(), nullable=False, server_default="0"))
    op.add_column("releases", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
    op.add_column("releases", sa.Column("actor", sa.Text(), nullable=True))
    op.add_column("releases", sa.Column("decided_at", sa.DateTime(), nullable=True))
    op.add_column("releases", sa.Column("live_at", sa.DateTime(), nullable=True))
    op.create_table(
        "endpoint_keys",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_endpoint_keys_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint_keys")),
        sa.UniqueConstraint("sha256", name=op.f("uq_endpoint_keys_sha256")),
    )
    op.create_index(op.f("ix_endpoint_keys_project_id"), "endpoint_keys", ["project_id"], unique=False)
