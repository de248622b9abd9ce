"""One transaction: the repositories on one connection."""

from dataclasses import dataclass

from sqlalchemy import Connection

from brewslm.adapters.sql.rows.artifacts import SqlArtifactRows
from brewslm.adapters.sql.rows.events import SqlEventRows
from brewslm.adapters.sql.rows.experiments import SqlExperimentRows
from brewslm.adapters.sql.rows.gates import SqlGateModeRows, SqlGateRows
from brewslm.adapters.sql.rows.jobs import SqlJobRows
from brewslm.adapters.sql.rows.metrics import SqlMetricRows
from brewslm.adapters.sql.rows.projects import SqlProjectRows
from brewslm.adapters.sql.rows.releases import SqlReleaseRows
from brewslm.core.ports.storage import (
    ArtifactRows,
    EventRows,
    ExperimentRows,
    GateModeRows,
    GateRows,
    JobRows,
    MetricRows,
    ProjectRows,
    ReleaseRows,
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
    gates: GateRows
    gate_modes: GateModeRows

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
            gates=SqlGateRows(connection),
            gate_modes=SqlGateModeRows(connection),
        )
