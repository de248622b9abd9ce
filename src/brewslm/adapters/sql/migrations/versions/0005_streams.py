"""Progress rows get a number over all jobs and the series that charts draw as columns; servers are counted.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

from brewslm.adapters.sql.columns import WHOLE

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SERIES = ("loss", "delta", "learning_rate", "grad_norm")

_MOVE_ON_SQLITE = """INSERT INTO metrics_numbered
    (job_id, seq, kind, step, body, loss, delta, learning_rate, grad_norm, is_non_finite)
    SELECT job_id, seq, kind, step, body,
        coalesce(json_extract(body, '$.loss'), json_extract(body, '$.eval_loss')), json_extract(body, '$.delta'),
        json_extract(body, '$.learning_rate'), json_extract(body, '$.grad_norm'),
        coalesce(json_extract(body, '$.non_finite'), '{}') <> '{}'
    FROM metrics ORDER BY job_id, seq"""

_MOVE_ON_POSTGRES = """INSERT INTO metrics_numbered
    (id, job_id, seq, kind, step, body, loss, delta, learning_rate, grad_norm, is_non_finite)
    SELECT row_number() OVER (ORDER BY job_id, seq), job_id, seq, kind, step, body,
        coalesce(body::json ->> 'loss', body::json ->> 'eval_loss')::float8, (body::json ->> 'delta')::float8,
        (body::json ->> 'learning_rate')::float8, (body::json ->> 'grad_norm')::float8,
        coalesce(body::json ->> 'non_finite', '{}') <> '{}'
    FROM metrics"""


def upgrade() -> None:
    """Make the table of progress anew: SQLite cannot give an old one a primary key."""
    is_postgres = op.get_context().dialect.name == "postgresql"
    if is_postgres:  # there, keys of all tables share one space of names
        op.execute("ALTER TABLE metrics RENAME CONSTRAINT pk_metrics TO pk_metrics_of_jobs")
    op.create_table(
        "metrics_numbered",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("job_id", WHOLE, nullable=False),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", WHOLE, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=True) for name in _SERIES),
        sa.Column("is_non_finite", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_metrics_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metrics")),
        sa.UniqueConstraint("job_id", "seq", name=op.f("uq_metrics_job_id_seq")),
    )
    op.execute(_MOVE_ON_POSTGRES if is_postgres else _MOVE_ON_SQLITE)
    op.drop_table("metrics")
    op.rename_table("metrics_numbered", "metrics")
    op.create_index(op.f("ix_metrics_job_id"), "metrics", ["job_id"])
    op.create_index("ix_metrics_series", "metrics", ["job_id", "kind", "seq", *_SERIES, "is_non_finite"])
    op.create_index(op.f("ix_jobs_finished_at"), "jobs", ["finished_at"])
    op.create_table(
        "server_leader",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_leader")),
    )
