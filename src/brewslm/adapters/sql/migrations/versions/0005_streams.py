"""Progress rows get a number over all jobs and the series that charts draw as columns; servers are counted.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SERIES = ("loss", "delta", "learning_rate", "grad_norm")


def upgrade() -> None:
    """Make the table of progress anew: SQLite cannot give an old one a primary key."""
    op.create_table(
        "metrics_numbered",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=True) for name in _SERIES),
        sa.Column("is_non_finite", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_metrics_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metrics")),
        sa.UniqueConstraint("job_id", "seq", name=op.f("uq_metrics_job_id_seq")),
    )
    op.execute(
        """INSERT INTO metrics_numbered
        (job_id, seq, kind, step, body, loss, delta, learning_rate, grad_norm, is_non_finite)
        SELECT job_id, seq, kind, step, body,
            coalesce(json_extract(body, '$.loss'), json_extract(body, '$.eval_loss')), json_extract(body, '$.delta'),
            json_extract(body, '$.learning_rate'), json_extract(body, '$.grad_norm'),
            coalesce(json_extract(body, '$.non_finite'), '{}') <> '{}'
        FROM metrics ORDER BY job_id, seq"""
    )
    op.drop_table("metrics")
    op.rename_table("metrics_numbered", "metrics")
    op.create_index(op.f("ix_metrics_job_id"), "metrics", ["job_id"])
    op.create_index("ix_metrics_series", "metrics", ["job_id", "kind", "seq", *_SERIES, "is_non_finite"])
    op.create_index(op.f("ix_jobs_finished_at"), "jobs", ["finished_at"])
    op.create_table(
        "server_leader",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_leader")),
    )
