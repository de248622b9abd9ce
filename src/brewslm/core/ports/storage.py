"""The ledger: what is true, in one database. Repositories take and return core models."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord
from brewslm.core.backlog.entry import BacklogRows
from brewslm.core.events.base import NewEvent, RunEvent
from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.core.experiment import Experiment
from brewslm.core.ids import ArtifactId, ExperimentId, JobId, ProjectId, RunId
from brewslm.core.job import Job, JobStatus
from brewslm.core.outcome.approval import GateMode, GateState, StageGate
from brewslm.core.patrol.watcher import Watcher
from brewslm.core.ports.alerts import NotificationRows, OutboxRows
from brewslm.core.project import Project
from brewslm.core.release import EndpointKey, ReleaseRow
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value

if TYPE_CHECKING:
    from brewslm.core.health.watch import WatchCheck


class ProjectRows(Protocol):
    """Projects."""

    def add(self, *, name: str, template: str, base_model: str, seed: int, created_at: datetime) -> Project:
        """Insert with the next id.

        Raises:
            ConflictError: the name is taken.
        """

    def get(self, project_id: ProjectId) -> Project:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """

    def list(self) -> tuple[Project, ...]:
        """All, by id."""

    def set_base_model(self, project_id: ProjectId, base_model: str) -> None:
        """Change the base model that later stages use."""


class JobRows(Protocol):
    """Jobs. `change` is the only way to alter one."""

    def add(  # noqa: PLR0913 - the columns that a caller chooses
        self,
        *,
        project_id: ProjectId,
        kind: str,
        payload: dict[str, Any],
        created_at: datetime,
        parent_id: JobId | None = None,
        idempotency_key: str | None = None,
        priority: int = 0,
        retry_of: JobId | None = None,
    ) -> Job:
        """Insert as queued; where `(project_id, idempotency_key)` is known already, return that job unchanged.

        Raises:
            ConflictError: the key is known with another kind or payload.
        """

    def get(self, job_id: JobId) -> Job:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        statuses: Sequence[JobStatus] = (),
        parent_id: JobId | None = None,
        retry_of: JobId | None = None,
        before_id: JobId | None = None,
        limit: int = 100,
    ) -> tuple[Job, ...]:
        """Newest first; `before_id` pages by key; empty `statuses` means all."""

    def of_run(self, run_id: RunId) -> Job | None:
        """Return the job of a run; None where the run is no job's."""

    def change(self, job: Job, **changes: Any) -> Job | None:  # noqa: ANN401 - fields of Job
        """Write `changes` if the stored version is `job.version`; return the new job, or None where it is not.

        Raises:
            ValueError: the status change is not in `TRANSITIONS`.
        """


class ArtifactRows(Protocol):
    """The artifact ledger."""

    def add(self, record: ArtifactRecord) -> ArtifactRecord:
        """Insert; an equal id in the same project is kept as it was, and returned."""

    def get(self, project_id: ProjectId, artifact_id: ArtifactId) -> ArtifactRecord:
        """Return it.

        Raises:
            NotFoundError: the project has none of that id.
        """

    def list(
        self, *, project_id: ProjectId | None = None, kind: ArtifactKind | None = None
    ) -> tuple[ArtifactRecord, ...]:
        """Oldest first."""

    def latest(self, project_id: ProjectId, kind: ArtifactKind) -> ArtifactRecord | None:
        """The one that was put on the shelf last; putting an equal one again makes it the latest."""


class EventRows(Protocol):
    """The audit spine: append-only, hash-chained per project."""

    def append(self, event: NewEvent, *, recorded_at: datetime) -> RunEvent:
        """Give it the next sequence number and its place in the chain of its project (or of the workspace)."""

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        run_id: RunId | None = None,
        after_seq: int = 0,
        limit: int = 1000,
    ) -> tuple[RunEvent, ...]:
        """By sequence number, after `after_seq`."""

    def following(
        self, choice: EventChoice = EVERY_EVENT, *, after_seq: int, limit: int = 1000
    ) -> tuple[RunEvent, ...]:
        """The first `limit` events of a choice after a number, in ascending order."""

    def newest(
        self, choice: EventChoice = EVERY_EVENT, *, before_seq: int | None = None, limit: int = 50
    ) -> tuple[RunEvent, ...]:
        """The last `limit` events of a choice before a number, in ascending order."""


class MetricRow(Value):
    """One journal record, stored for curves."""

    job_id: JobId
    seq: int
    kind: str
    step: int | None
    body: dict[str, Any]


class MetricRows(Protocol):
    """Progress: many, small, no chain."""

    def append(self, rows: Sequence[MetricRow], *, job_id: JobId, offset: int) -> None:
        """Insert rows and the byte offset up to which the journal was read, together."""

    def offset(self, job_id: JobId) -> int:
        """Byte offset up to which the job's journal was read; 0 at first."""

    def list(
        self, job_id: JobId, *, after_seq: int = 0, kind: str | None = None, limit: int = 10000
    ) -> tuple[MetricRow, ...]:
        """By sequence number."""


class ExperimentRows(Protocol):
    """Experiments, numbered per project."""

    def add(self, *, project_id: ProjectId, job_id: JobId, plan_id: ArtifactId, created_at: datetime) -> Experiment:
        """Insert with the project's next id; where the job has one already, return that."""

    def hand_over(self, *, from_job: JobId, to_job: JobId) -> None:
        """Make a job's experiment, where it has one, that of another job."""

    def get(self, project_id: ProjectId, experiment_id: ExperimentId) -> Experiment:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """

    def list(self, project_id: ProjectId) -> tuple[Experiment, ...]:
        """By id."""


class ReleaseRows(Protocol):
    """Releases, numbered per project."""

    def add(self, *, project_id: ProjectId, version: int, release_id: ArtifactId, created_at: datetime) -> ReleaseRow:
        """Insert as candidate.

        Raises:
            ConflictError: the version is taken.
        """

    def list(self, project_id: ProjectId | None = None) -> tuple[ReleaseRow, ...]:
        """By version; of all projects one after the other where none is named."""

    def change(self, row: ReleaseRow, **changes: Any) -> ReleaseRow | None:  # noqa: ANN401 - fields of ReleaseRow
        """Write `changes` if the stored state is `row.state`; None where it is not.

        Raises:
            ValueError: the change of state is not in `RELEASE_TRANSITIONS`.
        """


class KeyRows(Protocol):
    """Keys of endpoints, as hashes."""

    def add(self, key: EndpointKey) -> EndpointKey:
        """Insert with the next id, whatever id it has."""

    def list(self, project_id: ProjectId | None = None) -> tuple[EndpointKey, ...]:
        """By id; of one project, or of all."""

    def revoke(self, project_id: ProjectId, key_id: int, *, revoked_at: datetime) -> EndpointKey:
        """Let it open nothing any more; one that was revoked stays as it was.

        Raises:
            NotFoundError: the project has none of that id.
        """


class GateRows(Protocol):
    """Questions at the end of stages."""

    def add(self, gate: StageGate) -> StageGate:
        """Insert with the next id, whatever id it has; where the job has one already, return that."""

    def get(self, gate_id: int) -> StageGate:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        state: GateState | None = None,
        job_id: JobId | None = None,
        artifact_id: ArtifactId | None = None,
    ) -> tuple[StageGate, ...]:
        """Newest first."""

    def decide(
        self, gate_id: int, state: GateState, *, note: str, actor: str, decided_at: datetime
    ) -> StageGate | None:
        """Answer a question that waits; None where it waits no longer."""


class GateModeRows(Protocol):
    """Who decides, by project and stage; what was never set is `auto`."""

    def of(self, project_id: ProjectId) -> dict[StageName, GateMode]:
        """Every mode that was set."""

    def set(self, project_id: ProjectId, stage: StageName, mode: GateMode) -> None:
        """Insert or replace."""


MonitorName = Literal["monitor", "patrol"]
"""Who remembers something of a training: the judge of its journal, or the patrol."""


class MonitorRows(Protocol):
    """What the watch over trainings remembers, and the lines that it writes."""

    def state(self, job_id: JobId, name: MonitorName) -> bytes | None:
        """What was kept last; None at first."""

    def keep(self, job_id: JobId, name: MonitorName, state: bytes) -> None:
        """Keep it, in the place of what was kept before."""

    def add_checks(self, job_id: JobId, checks: "Sequence[WatchCheck]") -> None:
        """Insert lines of the active watch; of one step they come together, once."""

    def checks(self, job_id: JobId) -> "tuple[WatchCheck, ...]":
        """By step, and in the order in which they came."""


class WatcherRows(Protocol):
    """Who watches."""

    def get(self, name: str) -> Watcher | None:
        """Return it; None where it never was, or has said goodbye."""

    def put(self, watcher: Watcher) -> None:
        """Insert it, or put it in the place of the one of that name."""

    def remove(self, name: str) -> None:
        """Forget it; it is fine if there is none."""

    def list(self) -> tuple[Watcher, ...]:
        """All, by name."""


class Transaction(Protocol):
    """Everything inside happens, or nothing."""

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


class ChainProblem(Value):
    """A row of the audit spine that does not fit its chain."""

    seq: int
    project_id: ProjectId | None
    problem: str


class Storage(Protocol):
    """Opens transactions. The write lock is taken at the start of `write`, so that what is read in it stays true."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Begin a writing transaction; commit at the end, roll back on an exception.

        Raises:
            WorkspaceError: the database stayed locked, or cannot be written.
            DiskFullError: there was no space.
        """

    def read(self) -> AbstractContextManager[Transaction]:
        """Begin a reading transaction with one consistent view."""

    def stamp(self) -> object:
        """Return what is another value after a commit of any process; cheap to ask for, so that idle looks cost little.

        Commits of the same moment may share one: who relies on it looks now and then all the same.
        """

    def verify_events(self) -> tuple[int, tuple[ChainProblem, ...]]:
        """Re-compute every chain; return the number of events and the rows that do not fit."""
