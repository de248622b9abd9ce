"""One transaction: the repositories on one connection."""

from dataclasses import dataclass

from sqlalchemy import Connection

from brewslm.adapters.sql.rows.artifacts import SqlArtifactRows
from brewslm.adapters.sql.rows.backlog import SqlBacklogRows
from brewslm.adapters.sql.rows.events import SqlEventRows
from brewslm.adapters.sql.rows.experiments import SqlExperimentRows
from brewslm.adapters.sql.rows.gates import SqlGateModeRows, SqlGateRows
from brewslm.adapters.sql.rows.jobs import SqlJobRows
from brewslm.adapters.sql.rows.metrics import SqlMetricRows
from brewslm.adapters.sql.rows.monitors import SqlMonitorRows, SqlWatcherRows
from brewslm.adapters.sql.rows.notifications import SqlNotificationRows
from brewslm.adapters.sql.rows.outbox import SqlOutboxRows
from brewslm.adapters.sql.rows.projects import SqlProjectRows
from brewslm.adapters.sql.rows.releases import SqlKeyRows, SqlReleaseRows
from brewslm.core.backlog.entry import BacklogRows
from brewslm.core.ports.alerts import NotificationRows, OutboxRows
from brewslm.core.ports.storage import (
    ArtifactRows,
    EventRows,
    ExperimentRows,
    GateModeRows,
    GateRows,
    JobRows,
    KeyRows,
    MetricRows,
    MonitorRows,
    ProjectRows,
    ReleaseRows,
    WatcherRows,
)


@dataclass(slots=True)
class SqlTransaction:
    """Implements `core.ports.storage.Transaction`."""

    projects: ProjectRows
    jobs: JobRows
    artifacts: ArtifactRows
    events: EventRows
    metrics: MetricRows
    experiments: ExperimentRows
    releases: ReleaseRows
    keys: KeyRows
    gates: GateRows
    gate_modes: GateModeRows
    notifications: NotificationRows
    outbox: OutboxRows
    monitors: MonitorRows
    watchers: WatcherRows
    backlog: BacklogRows

    @classmethod
    def on(cls, connection: Connection) -> "SqlTransaction":
        """Put the repositories on a connection that has begun its transaction."""
        return cls(
            projects=SqlProjectRows(connection),
            jobs=SqlJobRows(connection),
            artifacts=SqlArtifactRows(connection),
            events=SqlEventRows(connection),
            metrics=SqlMetricRows(connection),
            experiments=SqlExperimentRows(connection),
            releases=SqlReleaseRows(connection),
            keys=SqlKeyRows(connection),
            gates=SqlGateRows(connection),
            gate_modes=SqlGateModeRows(connection),
            notifications=SqlNotificationRows(connection),
            outbox=SqlOutboxRows(connection),
            monitors=SqlMonitorRows(connection),
            watchers=SqlWatcherRows(connection),
            backlog=SqlBacklogRows(connection),
        )
