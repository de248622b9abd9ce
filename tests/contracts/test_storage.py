"""What every ledger promises; run on the fake and on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.events.base import FIRST_HASH, NewEvent, event_hash
from brewslm.core.events.choice import EventChoice
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, ExperimentId, JobId, ProjectId, RunId
from brewslm.core.job import FINAL, TRANSITIONS, Job, JobStatus
from brewslm.core.outcome.approval import GateState, StageGate
from brewslm.core.ports.storage import MetricRow, Storage
from brewslm.core.project import Project
from brewslm.core.release import EndpointKey, ReleaseState
from tests.fakes.ledger import NOW, event, fill, record

EAST = timezone(timedelta(hours=5, minutes=30))


@pytest.fixture
def project(storage: Storage) -> Project:
    return fill(storage)[0]


@pytest.fixture
def job(storage: Storage, project: Project) -> Job:
    with storage.write() as transaction:
        return transaction.jobs.add(project_id=project.id, kind="train", payload={"n": 1}, created_at=NOW)


def test_projects_are_numbered_and_found(storage: Storage) -> None:
    with storage.write() as transaction:
        made = [
            transaction.projects.add(name=name, template="support", base_model="m", seed=7, created_at=NOW)
            for name in ("a", "b")
        ]
    with storage.read() as transaction:
        assert [project.id for project in made] == [1, 2]
        assert transaction.projects.list() == tuple(made)
        assert transaction.projects.get(ProjectId(2)) == made[1]


def test_a_project_name_is_taken_once(storage: Storage, project: Project) -> None:
    with storage.write() as transaction, pytest.raises(ConflictError, match=project.name):
        transaction.projects.add(name=project.name, template="general", base_model="m", seed=1, created_at=NOW)


def test_the_base_model_of_a_project_can_change(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        transaction.projects.set_base_model(project.id, "other")
        with pytest.raises(NotFoundError):
            transaction.projects.set_base_model(ProjectId(99), "other")
    with storage.read() as transaction:
        assert transaction.projects.get(project.id) == project.model_copy(update={"base_model": "other"})


def test_what_is_missing_is_named(storage: Storage) -> None:
    with storage.read() as transaction:
        with pytest.raises(NotFoundError, match="project 9"):
            transaction.projects.get(ProjectId(9))
        with pytest.raises(NotFoundError, match="job 9"):
            transaction.jobs.get(JobId(9))
        with pytest.raises(NotFoundError, match="snapshot-0"):
            transaction.artifacts.get(ProjectId(9), ArtifactId("snapshot-0"))
        with pytest.raises(NotFoundError, match="experiment 9"):
            transaction.experiments.get(ProjectId(1), ExperimentId(9))


def test_a_row_cannot_name_a_project_that_is_not_there(storage: Storage) -> None:
    with pytest.raises(NotFoundError), storage.write() as transaction:
        transaction.jobs.add(project_id=ProjectId(9), kind="train", payload={}, created_at=NOW)
    with pytest.raises(NotFoundError), storage.write() as transaction:
        transaction.events.append(event(project_id=ProjectId(9)), recorded_at=NOW)


def test_a_failed_transaction_leaves_nothing(storage: Storage, project: Project) -> None:
    def begin_and_fail() -> None:
        with storage.write() as transaction:
            transaction.jobs.add(project_id=project.id, kind="train", payload={}, created_at=NOW)
            transaction.events.append(event(project_id=project.id), recorded_at=NOW)
            raise KeyError

    with pytest.raises(KeyError):
        begin_and_fail()
    with storage.read() as transaction:
        assert transaction.jobs.list() == ()
        assert transaction.events.list() == ()
    assert storage.verify_events() == (0, ())


def test_a_reader_keeps_its_view_while_others_write(storage: Storage, project: Project) -> None:
    with storage.read() as reader:
        assert len(reader.projects.list()) == 1
        with storage.write() as transaction:
            transaction.projects.add(name="later", template="general", base_model="m", seed=1, created_at=NOW)
        assert len(reader.projects.list()) == 1
    with storage.read() as reader:
        assert len(reader.projects.list()) == 2


def test_a_reader_cannot_write(storage: Storage, project: Project) -> None:
    with pytest.raises(RuntimeError, match="reading"), storage.read() as transaction:
        transaction.projects.set_base_model(project.id, "other")


def test_a_write_inside_a_write_is_a_mistake_that_shows_at_once(storage: Storage) -> None:
    with pytest.raises(RuntimeError, match="inside"), storage.write(), storage.write():
        pass
    with storage.write() as transaction:
        assert transaction.projects.list() == ()


def test_times_come_back_in_utc_to_the_microsecond(storage: Storage) -> None:
    there = datetime(2026, 7, 1, 3, 0, 0, 123456, tzinfo=EAST)
    with storage.write() as transaction:
        transaction.projects.add(name="a", template="general", base_model="m", seed=1, created_at=there)
    with storage.read() as transaction:
        created_at = transaction.projects.get(ProjectId(1)).created_at
    assert created_at == there
    assert created_at.isoformat() == "2026-06-30T21:30:00.123456+00:00"


def test_times_without_a_zone_are_refused(storage: Storage, job: Job) -> None:
    naive = datetime(2026, 7, 1)  # noqa: DTZ001
    with storage.write() as transaction:
        with pytest.raises(ValueError, match="time zone"):
            transaction.projects.add(name="n", template="general", base_model="m", seed=1, created_at=naive)
        with pytest.raises(ValueError, match="time zone"):
            transaction.events.append(event(), recorded_at=naive)


def test_a_job_is_queued_and_names_its_run(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        first = transaction.jobs.add(project_id=project.id, kind="import", payload={"b": [1, None]}, created_at=NOW)
        child = transaction.jobs.add(
            project_id=project.id, kind="map_dry_run", payload={}, created_at=NOW, parent_id=first.id
        )
    assert (first.run_id, child.run_id) == (RunId("import-1"), RunId("map-dry-run-2"))
    assert (first.status, first.version, child.parent_id) == (JobStatus.QUEUED, 0, first.id)
    with storage.read() as transaction:
        assert transaction.jobs.get(first.id) == first


def test_the_same_request_twice_is_one_job(storage: Storage, project: Project) -> None:
    def add(kind: str, payload: dict[str, object], key: str | None = "k") -> Job:
        with storage.write() as transaction:
            return transaction.jobs.add(
                project_id=project.id, kind=kind, payload=payload, created_at=NOW, idempotency_key=key
            )

    first = add("train", {"a": 1, "b": (2,)})
    assert add("train", {"b": [2], "a": 1}) == first
    with pytest.raises(ConflictError, match="'k'"):
        add("train", {"a": 2})
    with pytest.raises(ConflictError, match="'k'"):
        add("clean", {"a": 1, "b": [2]})
    assert add("train", {"a": 2}, key="other").id != first.id
    assert add("train", {"a": 2}, key=None).id != add("train", {"a": 2}, key=None).id


def test_the_same_key_in_two_projects_is_two_jobs(storage: Storage) -> None:
    with storage.write() as transaction:
        for name in "ab":
            project = transaction.projects.add(name=name, template="general", base_model="m", seed=1, created_at=NOW)
            transaction.jobs.add(project_id=project.id, kind="train", payload={}, created_at=NOW, idempotency_key="k")
        assert len(transaction.jobs.list()) == 2


def test_jobs_are_listed_newest_first_and_paged_by_key(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        jobs = [transaction.jobs.add(project_id=project.id, kind="train", payload={}, created_at=NOW) for _ in range(5)]
        transaction.jobs.change(jobs[1], status=JobStatus.RUNNING)
        transaction.jobs.add(project_id=project.id, kind="clean", payload={}, created_at=NOW, parent_id=jobs[0].id)
    with storage.read() as transaction:
        listed = transaction.jobs.list
        assert [job.id for job in listed(limit=2)] == [6, 5]
        assert [job.id for job in listed(before_id=JobId(5), limit=2)] == [4, 3]
        assert [job.id for job in listed(statuses=[JobStatus.RUNNING])] == [2]
        assert [job.id for job in listed(parent_id=jobs[0].id)] == [6]
        assert listed(project_id=ProjectId(9)) == ()


def test_a_change_is_written_once_per_version(storage: Storage, job: Job) -> None:
    with storage.write() as transaction:
        running = transaction.jobs.change(job, status=JobStatus.RUNNING, lease_owner="a", lease_expires_at=NOW)
        assert running is not None
        assert (running.version, running.status, running.lease_owner) == (1, JobStatus.RUNNING, "a")
        assert transaction.jobs.change(job, status=JobStatus.CANCELLED) is None
        assert transaction.jobs.change(running.model_copy(update={"version": 0}), message="stale") is None
    with storage.read() as transaction:
        assert transaction.jobs.get(job.id) == running


def test_a_change_of_a_job_that_is_not_there_is_none(storage: Storage, job: Job) -> None:
    with storage.write() as transaction:
        assert transaction.jobs.change(job.model_copy(update={"id": 77}), message="x") is None


@pytest.mark.parametrize("start", list(JobStatus))
@pytest.mark.parametrize("end", list(JobStatus))
def test_only_allowed_transitions_happen(storage: Storage, job: Job, start: JobStatus, end: JobStatus) -> None:
    ways = {JobStatus.QUEUED: [], JobStatus.RUNNING: [JobStatus.RUNNING]}
    with storage.write() as transaction:
        now: Job | None = job
        for step in ways.get(start, [JobStatus.RUNNING, start]):
            assert now is not None
            now = transaction.jobs.change(now, status=step)
        assert now is not None
        assert now.status == start
        if end in TRANSITIONS[start] or (start == end and start not in FINAL):
            after = transaction.jobs.change(now, status=end)
            assert after is not None
            assert after.status == end
        else:
            with pytest.raises(ValueError, match=str(start)):
                transaction.jobs.change(now, status=end)
            assert transaction.jobs.get(job.id) == now


@pytest.mark.parametrize("changes", [{"id": 5}, {"run_id": "x"}, {"version": 9}, {"kind": "clean"}, {"colour": "red"}])
def test_a_field_that_is_fixed_or_unknown_cannot_change(storage: Storage, job: Job, changes: dict[str, object]) -> None:
    with storage.write() as transaction:
        with pytest.raises(ValueError, match=next(iter(changes))):
            transaction.jobs.change(job, **changes)
        assert transaction.jobs.get(job.id) == job


def test_an_artifact_comes_back_as_it_was(storage: Storage, job: Job) -> None:
    made = record(job, {"x": [1, 2.5, None, "ü"]})
    with storage.write() as transaction:
        assert transaction.artifacts.add(made) == made
        child = record(job, {"y": 1}, kind="schema", parents=(made.id,))
        transaction.artifacts.add(child)
    with storage.read() as transaction:
        assert transaction.artifacts.get(made.project_id, made.id) == made
        assert transaction.artifacts.get(made.project_id, child.id).parents == (made.id,)
        assert transaction.artifacts.list(project_id=made.project_id) == (made, child)
        assert transaction.artifacts.list(kind="schema") == (child,)


def test_an_equal_artifact_is_kept_once_and_becomes_the_latest(storage: Storage, job: Job) -> None:
    first, second = record(job, {"n": 1}), record(job, {"n": 2})
    with storage.write() as transaction:
        for each in (first, second):
            transaction.artifacts.add(each)
        assert transaction.artifacts.latest(job.project_id, "snapshot") == second
        again = first.model_copy(update={"created_at": NOW + timedelta(days=1)})
        assert transaction.artifacts.add(again) == first
        assert transaction.artifacts.latest(job.project_id, "snapshot") == first
        assert transaction.artifacts.list() == (first, second)
        assert transaction.artifacts.latest(job.project_id, "bundle") is None


def test_the_same_id_with_another_content_is_refused(storage: Storage, job: Job) -> None:
    made = record(job, {"n": 1})
    with storage.write() as transaction:
        transaction.artifacts.add(made)
        with pytest.raises(ConflictError, match="another content"):
            transaction.artifacts.add(made.model_copy(update={"content_hash": "f" * 64}))


def test_a_parent_has_to_be_in_the_ledger(storage: Storage, job: Job) -> None:
    orphan = record(job, {"n": 1}, parents=(ArtifactId("snapshot-0000"),))
    with pytest.raises(NotFoundError), storage.write() as transaction:
        transaction.artifacts.add(orphan)
    with storage.read() as transaction:
        assert transaction.artifacts.list() == ()


def test_events_are_chained_per_project_and_numbered_over_all(storage: Storage, project: Project) -> None:
    owners = [None, project.id, project.id, None]
    with storage.write() as transaction:
        rows = [transaction.events.append(event(project_id=owner), recorded_at=NOW) for owner in owners]
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    assert [row.prev_hash for row in rows] == [FIRST_HASH, FIRST_HASH, rows[1].hash, rows[0].hash]
    for row in rows:
        assert row.hash == event_hash(row, seq=row.seq, recorded_at=row.recorded_at, prev_hash=row.prev_hash)
    with storage.read() as transaction:
        assert transaction.events.list() == tuple(rows)
    assert storage.verify_events() == (4, ())


def test_an_event_comes_back_as_it_was_hashed(storage: Storage) -> None:
    there = datetime(2026, 7, 1, 3, 0, 0, 5, tzinfo=EAST)
    odd = event(payload={"b": (1, 2.50), "a": {"ü": float("nan")}, "big": 2**70}, occurred_at=there)
    with storage.write() as transaction:
        row = transaction.events.append(odd, recorded_at=there)
    with storage.read() as transaction:
        (read,) = transaction.events.list()
    assert read == row
    assert read.model_dump_json() == row.model_dump_json()
    assert read.payload == {"b": [1, 2.5], "a": {"ü": None}, "big": 2**70}
    assert read.occurred_at.utcoffset() == timedelta(0)
    assert storage.verify_events() == (1, ())


def test_events_are_found_by_project_run_and_place(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        for number in range(6):
            owner = project.id if number % 2 else None
            transaction.events.append(event(project_id=owner, run_id=RunId(f"run-{number % 3}")), recorded_at=NOW)
    with storage.read() as transaction:
        events = transaction.events
        assert [row.seq for row in events.list(after_seq=2, limit=3)] == [3, 4, 5]
        assert [row.seq for row in events.list(project_id=project.id)] == [2, 4, 6]
        assert [row.seq for row in events.list(run_id=RunId("run-0"))] == [1, 4]
        assert [row.seq for row in events.newest(limit=2)] == [5, 6]
        assert [row.seq for row in events.newest(EventChoice(project_id=project.id), limit=2)] == [4, 6]
        assert len(events.newest(limit=50)) == 6
        assert [row.seq for row in events.newest(before_seq=5, limit=2)] == [3, 4]


def metric(job: Job, seq: int, **body: object) -> MetricRow:
    kind = "eval" if seq % 2 else "log"
    return MetricRow(job_id=job.id, seq=seq, kind=kind, step=seq, body={"loss": 0.5, **body})


def test_the_stamp_is_another_one_after_a_commit_and_the_same_after_a_look(storage: Storage, job: Job) -> None:
    before = storage.stamp()
    with storage.read() as transaction:
        transaction.jobs.get(job.id)
    assert storage.stamp() == before
    with storage.write() as transaction:
        transaction.jobs.change(job, message="changed")
    assert storage.stamp() != before


def test_metrics_and_offset_arrive_together(storage: Storage, job: Job) -> None:
    rows = [metric(job, seq) for seq in (1, 2, 3)]
    with storage.write() as transaction:
        assert transaction.metrics.offset(job.id) == 0
        transaction.metrics.append(rows, job_id=job.id, offset=120)
        transaction.metrics.append([], job_id=job.id, offset=150)
    with storage.read() as transaction:
        assert transaction.metrics.offset(job.id) == 150
        assert transaction.metrics.list(job.id) == tuple(rows)
        assert transaction.metrics.list(job.id, after_seq=1, limit=1) == (rows[1],)
        assert transaction.metrics.list(job.id, kind="eval") == (rows[0], rows[2])


def test_a_journal_that_is_read_twice_is_stored_once(storage: Storage, job: Job) -> None:
    rows = [metric(job, seq) for seq in (1, 2, 3)]
    with storage.write() as transaction:
        transaction.metrics.append(rows, job_id=job.id, offset=120)
        transaction.metrics.append(rows[:2], job_id=job.id, offset=80)
        assert transaction.metrics.list(job.id) == tuple(rows)
        assert transaction.metrics.offset(job.id) == 120
    with pytest.raises(ConflictError, match="record 2"), storage.write() as transaction:
        transaction.metrics.append([metric(job, 2, loss=0.7)], job_id=job.id, offset=160)
    with storage.read() as transaction:
        assert transaction.metrics.offset(job.id) == 120


def test_metrics_of_another_job_are_refused(storage: Storage, job: Job) -> None:
    with pytest.raises(ValueError, match="not 55"), storage.write() as transaction:
        transaction.metrics.append([metric(job, 1)], job_id=JobId(55), offset=1)


def test_experiments_are_numbered_per_project_and_one_per_job(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        other = transaction.projects.add(name="b", template="general", base_model="m", seed=1, created_at=NOW)
        jobs = [
            transaction.jobs.add(project_id=owner, kind="train", payload={}, created_at=NOW)
            for owner in (project.id, project.id, other.id)
        ]
        made = [
            transaction.experiments.add(
                project_id=job.project_id, job_id=job.id, plan_id=ArtifactId("readiness-1"), created_at=NOW
            )
            for job in (*jobs, jobs[0])
        ]
    assert [experiment.id for experiment in made] == [1, 2, 1, 1]
    assert made[3] == made[0]
    with storage.read() as transaction:
        assert transaction.experiments.list(project.id) == (made[0], made[1])
        assert transaction.experiments.get(other.id, ExperimentId(1)) == made[2]


def test_a_release_version_is_taken_once(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        made = [
            transaction.releases.add(
                project_id=project.id, version=version, release_id=ArtifactId("release-1"), created_at=NOW
            )
            for version in (2, 1)
        ]
        with pytest.raises(ConflictError, match="v2"):
            transaction.releases.add(
                project_id=project.id, version=2, release_id=ArtifactId("release-2"), created_at=NOW
            )
    with storage.read() as transaction:
        assert transaction.releases.list(project.id) == (made[1], made[0])
        assert transaction.releases.list() == (made[1], made[0])


def test_a_release_goes_from_state_to_state_as_it_may(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        row = transaction.releases.add(
            project_id=project.id, version=1, release_id=ArtifactId("release-1"), created_at=NOW
        )
        live = transaction.releases.change(row, state=ReleaseState.LIVE, reason="good", actor="cli", live_at=NOW)
        assert live is not None
        assert transaction.releases.change(row, state=ReleaseState.REJECTED) is None, "it is no candidate any more"
        with pytest.raises(ValueError, match="cannot become"):
            transaction.releases.change(live, state=ReleaseState.REJECTED)
    with storage.read() as transaction:
        (kept,) = transaction.releases.list(project.id)
    assert (kept.state, kept.reason, kept.actor, kept.live_at) == (ReleaseState.LIVE, "good", "cli", NOW)


def test_a_key_is_kept_as_a_hash_and_revoked_once(storage: Storage, project: Project) -> None:
    key = EndpointKey(id=0, project_id=project.id, name="shop", hint="bsk-a", sha256="0" * 64, created_at=NOW)
    with storage.write() as transaction:
        first = transaction.keys.add(key)
        second = transaction.keys.add(key.model_copy(update={"sha256": "1" * 64}))
        assert (first.id, second.id) == (1, 2)
        revoked = transaction.keys.revoke(project.id, first.id, revoked_at=NOW)
        assert transaction.keys.revoke(project.id, first.id, revoked_at=NOW + timedelta(days=1)) == revoked
        with pytest.raises(NotFoundError, match="key 9"):
            transaction.keys.revoke(project.id, 9, revoked_at=NOW)
    with storage.read() as transaction:
        assert [one.revoked_at for one in transaction.keys.list(project.id)] == [NOW, None]
        assert len(transaction.keys.list()) == 2


def test_a_gate_is_opened_once_for_a_job_and_decided_once(storage: Storage, project: Project, job: Job) -> None:
    asked = StageGate(
        id=0,
        project_id=project.id,
        stage="train",
        mode="human",
        job_id=job.id,
        flow_id=None,
        artifact_id=ArtifactId("adapter-1"),
        question="May it?",
        opened_at=NOW.astimezone(EAST),
    )
    with storage.write() as transaction:
        gate = transaction.gates.add(asked)
        assert transaction.gates.add(asked.model_copy(update={"question": "Again?"})) == gate
    assert (gate.id, gate.opened_at) == (1, NOW)
    with storage.write() as transaction:
        decision = {"note": "fine", "actor": "cli", "decided_at": NOW}
        decided = transaction.gates.decide(1, GateState.APPROVED, **decision)  # type: ignore[arg-type]
        assert transaction.gates.decide(1, GateState.REJECTED, **decision) is None  # type: ignore[arg-type]
        with pytest.raises(NotFoundError, match="gate 2"):
            transaction.gates.decide(2, GateState.REJECTED, **decision)  # type: ignore[arg-type]
    with storage.read() as transaction:
        assert transaction.gates.get(1) == decided
        assert decided is not None
        assert (decided.state, decided.note, decided.actor) == (GateState.APPROVED, "fine", "cli")
        assert transaction.gates.list(state=GateState.WAITING) == ()
        assert transaction.gates.list(project_id=project.id, artifact_id=asked.artifact_id) == (decided,)
        assert transaction.gates.list(job_id=JobId(job.id + 1)) == ()


def test_who_decides_is_kept_by_project_and_stage(storage: Storage, project: Project) -> None:
    with storage.write() as transaction:
        transaction.gate_modes.set(project.id, "train", "human")
        transaction.gate_modes.set(project.id, "train", "auto-judge")
        transaction.gate_modes.set(project.id, "export", "human")
    with storage.read() as transaction:
        assert transaction.gate_modes.of(project.id) == {"train": "auto-judge", "export": "human"}
        assert transaction.gate_modes.of(ProjectId(99)) == {}


def test_an_event_without_a_known_reason_is_refused(storage: Storage) -> None:
    with pytest.raises(ValueError, match="reason"):
        NewEvent.model_validate({**event().model_dump(), "reason": "made_up"})
    assert event().reason is Reason.PROJECT_CREATED
    assert NOW.tzinfo is UTC
