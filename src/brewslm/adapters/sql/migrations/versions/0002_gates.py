"""Gates at the end of stages, and who decides at them.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "gates",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("job_id", WHOLE, nullable=False),
        sa.Column("flow_id", WHOLE, nullable=True),
        sa.Column("artifact_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gates")),
        sa.UniqueConstraint("job_id", name=op.f("uq_gates_job_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_gates_project_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_gates_job_id")),
        sa.ForeignKeyConstraint(["flow_id"], ["jobs.id"], name=op.f("fk_gates_flow_id")),
    )
    op.create_index(op.f("ix_gates_state"), "gates", ["state"])
    op.create_index(op.f("ix_gates_project_id_artifact_id"), "gates", ["project_id", "artifact_id"])
    op.create_table(
        "gate_modes",
        sa.Column("project_id", WHOLE, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "stage", name=op.f("pk_gate_modes")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_gate_modes_project_id")),
    )
