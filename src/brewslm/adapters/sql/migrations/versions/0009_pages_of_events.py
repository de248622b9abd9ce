"""Events are found by severity, and counted by run, along an index.

Revision: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_run_events_project_id_severity_seq_stage", ["project_id", "severity", "seq", "stage"]),
    ("ix_run_events_run_id_reason_severity_occurred_at", ["run_id", "reason", "severity", "occurred_at"]),
)


def upgrade() -> None:
    """Add both."""
    for name, columns in _INDEXES:
        op.create_index(op.f(name), "run_events", columns)
