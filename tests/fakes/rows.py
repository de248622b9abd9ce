"""The repositories of the in-memory ledger, over one plain state."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from brewslm.core.alerts.notification import Notification
from brewslm.core.alerts.outbox import ChannelState, Delivery
from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord
from brewslm.core.backlog.entry import BacklogEntry
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.events.base import FIRST_HASH, NewEvent, RunEvent, event_hash
from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.core.experiment import Experiment
from brewslm.core.health.watch import WatchCheck
from brewslm.core.ids import ArtifactId, ExperimentId, JobId, ProjectId, RunId
from brewslm.core.job import TRANSITIONS, Job, JobStatus
from brewslm.core.outcome.approval import GateMode, GateState, StageGate
from brewslm.core.patrol.watcher import Watcher
from brewslm.core.ports.storage import MetricRow
from brewslm.core.project import Project
from brewslm.core.release import RELEASE_TRANSITIONS, EndpointKey, ReleaseRow
from brewslm.core.stage_name import StageName
from brewslm.core.value import canonical_json
from tests.fakes.choosing import is_chosen


@dataclass
class State:
    """Everything that the ledger holds. Its values are frozen, so that a copy of the containers is a snapshot."""

    projects: dict[ProjectId, Project] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    artifacts: dict[tuple[ProjectId, ArtifactId], ArtifactRecord] = field(default_factory=dict)
    shelf: list[tuple[ProjectId, ArtifactId]] = field(default_factory=list)
    events: list[RunEvent] = field(default_factory=list)
    metrics: dict[tuple[JobId, int], MetricRow] = field(default_factory=dict)
    offsets: dict[JobId, int] = field(default_factory=dict)
    experiments: dict[tuple[ProjectId, ExperimentId], Experiment] = field(default_factory=dict)
    releases: dict[tuple[ProjectId, int], ReleaseRow] = field(default_factory=dict)
    keys: dict[int, EndpointKey] = field(default_factory=dict)
    gates: dict[int, StageGate] = field(default_factory=dict)
    gate_modes: dict[tuple[ProjectId, StageName], GateMode] = field(default_factory=dict)
    notifications: dict[int, Notification] = field(default_factory=dict)
    routed: set[int] = field(default_factory=set)
    deliveries: dict[tuple[int, str], Delivery] = field(default_factory=dict)
    channel_states: dict[str, ChannelState] = field(default_factory=dict)
    monitors: dict[tuple[JobId, str], bytes] = field(default_factory=dict)
    checks: dict[tuple[JobId, int], tuple[WatchCheck, ...]] = field(default_factory=dict)
    watchers: dict[str, Watcher] = field(default_factory=dict)
    backlog: dict[tuple[ProjectId, int], BacklogEntry] = field(default_factory=dict)

    def copy(self) -> "State":
        return State(**{name: value.copy() for name, value in vars(self).items()})


def in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC)


def plain(data: dict[str, Any]) -> dict[str, Any]:
    return json.loads(canonical_json(data))


class MemoryProjectRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, *, name: str, template: str, base_model: str, seed: int, created_at: datetime) -> Project:
        if any(project.name == name for project in self._state.projects.values()):
            raise ConflictError(f"The name {name!r} is taken.")
        project = Project.model_validate(
            {
                "id": len(self._state.projects) + 1,
                "name": name,
                "template": template,
                "base_model": base_model,
                "seed": seed,
                "created_at": in_utc(created_at),
            }
        )
        self._state.projects[project.id] = project
        return project

    def get(self, project_id: ProjectId) -> Project:
        if project_id not in self._state.projects:
            raise NotFoundError(f"There is no project {project_id}.")
        return self._state.projects[project_id]

    def list(self) -> tuple[Project, ...]:
        return tuple(self._state.projects.values())

    def set_base_model(self, project_id: ProjectId, base_model: str) -> None:
        self._state.projects[project_id] = self.get(project_id).model_copy(update={"base_model": base_model})


class MemoryJobRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(
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
        MemoryProjectRows(self._state).get(project_id)
        if parent_id is not None:
            self.get(parent_id)
        for job in self._state.jobs.values():
            if idempotency_key is not None and (job.project_id, job.idempotency_key) == (project_id, idempotency_key):
                if job.kind != kind or job.payload != plain(payload):
                    raise ConflictError(f"The idempotency key {idempotency_key!r} belongs to job {job.id}.")
                return job
        job_id = len(self._state.jobs) + 1
        job = Job.model_validate(
            {
                "id": job_id,
                "project_id": project_id,
                "kind": kind,
                "run_id": f"{kind.replace('_', '-')}-{job_id}",
                "parent_id": parent_id,
                "idempotency_key": idempotency_key,
                "payload": plain(payload),
                "created_at": in_utc(created_at),
                "priority": priority,
                "retry_of": retry_of,
            }
        )
        self._state.jobs[job.id] = job
        return job

    def get(self, job_id: JobId) -> Job:
        if job_id not in self._state.jobs:
            raise NotFoundError(f"There is no job {job_id}.")
        return self._state.jobs[job_id]

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
        found = [
            job
            for job in reversed(self._state.jobs.values())
            if (project_id is None or job.project_id == project_id)
            and (not statuses or job.status in statuses)
            and (parent_id is None or job.parent_id == parent_id)
            and (retry_of is None or job.retry_of == retry_of)
            and (before_id is None or job.id < before_id)
        ]
        return tuple(found[:limit])

    def of_run(self, run_id: RunId) -> Job | None:
        return next((job for job in self._state.jobs.values() if job.run_id == run_id), None)

    def change(self, job: Job, **changes: Any) -> Job | None:
        if job.status.is_final:
            raise ValueError(f"job {job.id} is {job.status}; nothing can follow")
        if fixed := {"id", "project_id", "kind", "run_id", "version", "created_at"}.intersection(changes):
            raise ValueError(f"{sorted(fixed)} of a job cannot be changed")
        new = Job.model_validate({**job.model_dump(), **changes, "version": job.version + 1})
        if new.status != job.status and new.status not in TRANSITIONS[job.status]:
            raise ValueError(f"job {job.id} is {job.status}; it cannot become {new.status}")
        stored = self._state.jobs.get(job.id)
        if stored is None or stored.version != job.version:
            return None
        self._state.jobs[job.id] = new
        return new


class MemoryArtifactRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, record: ArtifactRecord) -> ArtifactRecord:
        key = (record.project_id, record.id)
        known = self._state.artifacts.get(key)
        if known is not None and known.content_hash != record.content_hash:
            raise ConflictError(f"Artifact {record.id} exists with another content.")
        if known is None:
            MemoryProjectRows(self._state).get(record.project_id)
            MemoryJobRows(self._state).get(record.job_id)
            for parent in record.parents:
                self.get(record.project_id, parent)
            known = record.model_copy(update={"body": plain(record.body), "created_at": in_utc(record.created_at)})
        self._state.artifacts[key] = known
        self._state.shelf.append(key)
        return known

    def get(self, project_id: ProjectId, artifact_id: ArtifactId) -> ArtifactRecord:
        if (project_id, artifact_id) not in self._state.artifacts:
            raise NotFoundError(f"Project {project_id} has no artifact {artifact_id!r}.")
        return self._state.artifacts[project_id, artifact_id]

    def list(
        self, *, project_id: ProjectId | None = None, kind: ArtifactKind | None = None
    ) -> tuple[ArtifactRecord, ...]:
        return tuple(
            record
            for record in self._state.artifacts.values()
            if (project_id is None or record.project_id == project_id) and (kind is None or record.kind == kind)
        )

    def latest(self, project_id: ProjectId, kind: ArtifactKind) -> ArtifactRecord | None:
        for key in reversed(self._state.shelf):
            if key[0] == project_id and self._state.artifacts[key].kind == kind:
                return self._state.artifacts[key]
        return None


class MemoryEventRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def append(self, event: NewEvent, *, recorded_at: datetime) -> RunEvent:
        if event.project_id is not None:
            MemoryProjectRows(self._state).get(event.project_id)
        fields = plain(event.model_dump(mode="json", include=set(NewEvent.model_fields)))
        new = NewEvent.model_validate({**fields, "occurred_at": in_utc(event.occurred_at)})
        chain = [before for before in self._state.events if before.project_id == new.project_id]
        seq, recorded = len(self._state.events) + 1, in_utc(recorded_at)
        prev_hash = chain[-1].hash if chain else FIRST_HASH
        row = RunEvent(
            **new.model_dump(),
            seq=seq,
            recorded_at=recorded,
            prev_hash=prev_hash,
            hash=event_hash(new, seq=seq, recorded_at=recorded, prev_hash=prev_hash),
        )
        self._state.events.append(row)
        return row

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        run_id: RunId | None = None,
        after_seq: int = 0,
        limit: int = 1000,
    ) -> tuple[RunEvent, ...]:
        found = [
            event
            for event in self._state.events
            if event.seq > after_seq
            and (project_id is None or event.project_id == project_id)
            and (run_id is None or event.run_id == run_id)
        ]
        return tuple(found[:limit])

    def following(
        self, choice: EventChoice = EVERY_EVENT, *, after_seq: int, limit: int = 1000
    ) -> tuple[RunEvent, ...]:
        found = [event for event in self._state.events if event.seq > after_seq and is_chosen(event, choice)]
        return tuple(found[:limit])

    def newest(
        self, choice: EventChoice = EVERY_EVENT, *, before_seq: int | None = None, limit: int = 50
    ) -> tuple[RunEvent, ...]:
        last = len(self._state.events) if before_seq is None else before_seq - 1
        found = [event for event in self._state.events if event.seq <= last and is_chosen(event, choice)]
        return tuple(found[max(0, len(found) - limit) :])


class MemoryMetricRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def append(self, rows: Sequence[MetricRow], *, job_id: JobId, offset: int) -> None:
        if wrong := [row for row in rows if row.job_id != job_id]:
            raise ValueError(f"row {wrong[0].seq} is of job {wrong[0].job_id}, not {job_id}")
        MemoryJobRows(self._state).get(job_id)
        for row in rows:
            known = self._state.metrics.setdefault((job_id, row.seq), row.model_copy(update={"body": plain(row.body)}))
            if known.body != plain(row.body):
                raise ConflictError(f"Journal record {row.seq} of job {job_id} is known with another content.")
        self._state.offsets[job_id] = max(offset, self.offset(job_id))

    def offset(self, job_id: JobId) -> int:
        return self._state.offsets.get(job_id, 0)

    def list(
        self, job_id: JobId, *, after_seq: int = 0, kind: str | None = None, limit: int = 10000
    ) -> tuple[MetricRow, ...]:
        found = [
            row
            for key, row in sorted(self._state.metrics.items())
            if key[0] == job_id and key[1] > after_seq and (kind is None or row.kind == kind)
        ]
        return tuple(found[:limit])


class MemoryExperimentRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, *, project_id: ProjectId, job_id: JobId, plan_id: ArtifactId, created_at: datetime) -> Experiment:
        for known in self._state.experiments.values():
            if known.job_id == job_id:
                return known
        MemoryProjectRows(self._state).get(project_id)
        MemoryJobRows(self._state).get(job_id)
        experiment = Experiment(
            project_id=project_id,
            id=ExperimentId(len(self.list(project_id)) + 1),
            job_id=job_id,
            plan_id=plan_id,
            created_at=in_utc(created_at),
        )
        self._state.experiments[project_id, experiment.id] = experiment
        return experiment

    def hand_over(self, *, from_job: JobId, to_job: JobId) -> None:
        for key, known in self._state.experiments.items():
            if known.job_id == from_job:
                self._state.experiments[key] = known.model_copy(update={"job_id": to_job})

    def get(self, project_id: ProjectId, experiment_id: ExperimentId) -> Experiment:
        if (project_id, experiment_id) not in self._state.experiments:
            raise NotFoundError(f"Project {project_id} has no experiment {experiment_id}.")
        return self._state.experiments[project_id, experiment_id]

    def list(self, project_id: ProjectId) -> tuple[Experiment, ...]:
        return tuple(each for each in self._state.experiments.values() if each.project_id == project_id)


class MemoryReleaseRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, *, project_id: ProjectId, version: int, release_id: ArtifactId, created_at: datetime) -> ReleaseRow:
        if (project_id, version) in self._state.releases:
            raise ConflictError(f"Version v{version} of project {project_id} is taken.")
        MemoryProjectRows(self._state).get(project_id)
        row = ReleaseRow(project_id=project_id, version=version, release_id=release_id, created_at=in_utc(created_at))
        self._state.releases[project_id, version] = row
        return row

    def list(self, project_id: ProjectId | None = None) -> tuple[ReleaseRow, ...]:
        return tuple(row for key, row in sorted(self._state.releases.items()) if project_id in (None, key[0]))

    def change(self, row: ReleaseRow, **changes: Any) -> ReleaseRow | None:
        times = {name: in_utc(value) for name, value in changes.items() if isinstance(value, datetime)}
        new = ReleaseRow.model_validate({**row.model_dump(), **changes, **times})
        if new.state != row.state and new.state not in RELEASE_TRANSITIONS[row.state]:
            raise ValueError(f"release v{row.version} is {row.state}; it cannot become {new.state}")
        if self._state.releases[row.project_id, row.version].state != row.state:
            return None
        self._state.releases[row.project_id, row.version] = new
        return new


class MemoryKeyRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, key: EndpointKey) -> EndpointKey:
        MemoryProjectRows(self._state).get(key.project_id)
        new = key.model_copy(update={"id": len(self._state.keys) + 1, "created_at": in_utc(key.created_at)})
        self._state.keys[new.id] = new
        return new

    def list(self, project_id: ProjectId | None = None) -> tuple[EndpointKey, ...]:
        return tuple(key for key in self._state.keys.values() if project_id in (None, key.project_id))

    def revoke(self, project_id: ProjectId, key_id: int, *, revoked_at: datetime) -> EndpointKey:
        known = self._state.keys.get(key_id)
        if known is None or known.project_id != project_id:
            raise NotFoundError(f"Project {project_id} has no key {key_id}.")
        if known.revoked_at is None:
            self._state.keys[key_id] = known.model_copy(update={"revoked_at": in_utc(revoked_at)})
        return self._state.keys[key_id]


class MemoryGateRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, gate: StageGate) -> StageGate:
        for known in self.list(job_id=gate.job_id):
            return known
        MemoryJobRows(self._state).get(gate.job_id)
        new = gate.model_copy(update={"id": len(self._state.gates) + 1, "opened_at": in_utc(gate.opened_at)})
        self._state.gates[new.id] = new
        return new

    def get(self, gate_id: int) -> StageGate:
        if gate_id not in self._state.gates:
            raise NotFoundError(f"There is no gate {gate_id}.")
        return self._state.gates[gate_id]

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        state: GateState | None = None,
        job_id: JobId | None = None,
        artifact_id: ArtifactId | None = None,
    ) -> tuple[StageGate, ...]:
        wanted = {"project_id": project_id, "state": state, "job_id": job_id, "artifact_id": artifact_id}
        asked = {name: value for name, value in wanted.items() if value is not None}
        found = [one for one in self._state.gates.values() if all(getattr(one, n) == v for n, v in asked.items())]
        return tuple(reversed(found))

    def decide(
        self, gate_id: int, state: GateState, *, note: str, actor: str, decided_at: datetime
    ) -> StageGate | None:
        gate = self.get(gate_id)
        if gate.state is not GateState.WAITING:
            return None
        decided = {"state": state, "note": note, "actor": actor, "decided_at": in_utc(decided_at)}
        self._state.gates[gate_id] = gate.model_copy(update=decided)
        return self._state.gates[gate_id]


class MemoryGateModeRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, project_id: ProjectId) -> dict[StageName, GateMode]:
        return {key[1]: mode for key, mode in self._state.gate_modes.items() if key[0] == project_id}

    def set(self, project_id: ProjectId, stage: StageName, mode: GateMode) -> None:
        MemoryProjectRows(self._state).get(project_id)
        self._state.gate_modes[project_id, stage] = mode


class MemoryMonitorRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def state(self, job_id: JobId, name: str) -> bytes | None:
        return self._state.monitors.get((job_id, name))

    def keep(self, job_id: JobId, name: str, state: bytes) -> None:
        MemoryJobRows(self._state).get(job_id)
        self._state.monitors[job_id, name] = state

    def add_checks(self, job_id: JobId, checks: Sequence[WatchCheck]) -> None:
        for step in {check.step for check in checks}:
            of_step = tuple(check for check in checks if check.step == step)
            self._state.checks.setdefault((job_id, step), of_step)

    def checks(self, job_id: JobId) -> tuple[WatchCheck, ...]:
        return tuple(
            check for key, checks in sorted(self._state.checks.items()) if key[0] == job_id for check in checks
        )


class MemoryWatcherRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, name: str) -> Watcher | None:
        return self._state.watchers.get(name)

    def put(self, watcher: Watcher) -> None:
        self._state.watchers[watcher.name] = watcher

    def remove(self, name: str) -> None:
        self._state.watchers.pop(name, None)

    def list(self) -> tuple[Watcher, ...]:
        return tuple(watcher for _, watcher in sorted(self._state.watchers.items()))
