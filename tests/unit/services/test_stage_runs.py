"""The ritual: what a stage made, the end of its job and the event come together, or nothing comes at all."""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.base import SnapshotId
from brewslm.core.artifacts.release import Release
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.errors import (
    ArtifactDamagedError,
    BrewError,
    ClaimLostError,
    DiskFullError,
    GateRefusedError,
    InternalError,
    LedgerUnavailableError,
    NotFoundError,
    SourceError,
)
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Cleaning, Ingestion
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level
from brewslm.core.ids import ArtifactId
from brewslm.core.job import JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.stage import Stage
from brewslm.core.value import Value
from brewslm.services.stage_runs import StageRuns
from tests.fakes.storage import MemoryStorage
from tests.unit.scene import Scene


class Wish(Value):
    """Inputs that may name a snapshot."""

    locator: str = "data.jsonl"
    snapshot_id: SnapshotId | None = None


def snapshot(locator: str = "data.jsonl") -> Snapshot:
    return Snapshot(
        locator=locator, format="jsonl", encoding="utf-8", reading={}, num_rows=3, num_malformed=0, columns=("a",)
    )


def ingested(made: Snapshot) -> Draft:
    payload = Ingestion(snapshot_id=made.id, locator=made.locator, format="jsonl", num_rows=3, num_malformed=0)
    return Draft(reason=Reason.INGESTION, summary="Three rows were read.", payload=payload)


def stage_of(
    run: Callable[[Any, StageContext], Any] = lambda inputs, _context: snapshot(inputs.locator), **changed: Any
) -> Stage[Any, Any]:
    plain: Stage[Any, Any] = Stage(
        name="ingest",
        title="Ingest",
        inputs=Wish,
        output=Snapshot,
        consumes=(),
        contract=Contract(),
        run=run,
        report=ingested,
    )
    return replace(plain, **changed)


def checking(*findings: Finding, after: bool = False) -> Contract[Any, Any]:
    kind = After if after else Before
    checks = tuple(kind("a check", "It holds.", lambda _subject, _context, found=found: found) for found in findings)
    return Contract(after=checks) if after else Contract(before=checks)


def finding(level: Level, seen: str = "The glass is empty.", reason: Reason | None = Reason.INGESTION_EMPTY) -> Finding:
    return Finding(check="glass", level=level, seen=seen, next_step="Fill it.", reason=reason)


def raising(error: BaseException) -> Callable[[Any, StageContext], Any]:
    def run(_inputs: Any, _context: StageContext) -> Any:
        raise error

    return run


class TornStorage(MemoryStorage):
    """A ledger whose disk is full at the commits that put an artifact on the shelf."""

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as transaction:
            before = len(transaction.artifacts.list())
            yield transaction
            if len(transaction.artifacts.list()) > before:
                raise DiskFullError("No space is left for the ledger; free some.")


def test_artifact_job_and_event_come_in_one_commit(scene: Scene) -> None:
    commits = []
    write = scene.storage.write

    @contextmanager
    def counted() -> Iterator[Transaction]:
        with write() as transaction:
            yield transaction
            commits.append((len(transaction.artifacts.list()), transaction.jobs.get(1).status))

    scene.storage.write = counted  # type: ignore[method-assign, assignment]
    claim = scene.claim("ingest", Wish())
    made = scene.stage_runs.run(stage_of(), claim)
    job = scene.job(claim.job.id)
    assert (job.status, job.artifact_id, job.fraction) == (JobStatus.COMPLETED, made.id, 1.0)
    assert job.finished_at is not None
    assert scene.reasons(job.run_id) == ["ingestion"]
    changed = [commit for commit, before in zip(commits[1:], commits, strict=False) if commit != before]
    assert changed == [(0, "running"), (1, "completed")]


def test_a_commit_that_fails_leaves_neither_artifact_nor_event_of_success(tmp_path: Path) -> None:
    scene = Scene(tmp_path, storage=TornStorage())
    claim = scene.claim("ingest", Wish())
    with pytest.raises(DiskFullError):
        scene.stage_runs.run(stage_of(), claim)
    assert scene.projects.artifacts() == ()
    job = scene.job(claim.job.id)
    assert (job.status, job.reason, job.artifact_id) == (JobStatus.FAILED, "system_disk_full", None)
    assert scene.reasons(job.run_id) == ["system_disk_full"]


def test_an_entry_in_the_books_that_fails_takes_the_artifact_with_it(scene: Scene) -> None:
    def entry(_transaction: Transaction, _record: Any) -> None:
        raise ValueError("the books are closed")

    claim = scene.claim("ingest", Wish())
    with pytest.raises(InternalError):
        StageRuns(scene.ports, entries={"snapshot": entry}).run(stage_of(), claim)
    assert scene.projects.artifacts() == ()
    assert scene.reasons(claim.job.run_id) == ["system_internal"]


@pytest.mark.parametrize("after", [False, True])
def test_a_refusal_is_an_event_and_a_failed_job_with_all_findings(scene: Scene, after: bool) -> None:
    contract = checking(
        finding("block"), finding("block", "And cracked.", None), finding("warn", "Dusty."), after=after
    )
    claim = scene.claim("ingest", Wish())
    with pytest.raises(GateRefusedError) as caught:
        scene.stage_runs.run(stage_of(contract=contract), claim)
    assert str(caught.value) == "The glass is empty. Fill it. And cracked. Fill it."
    job = scene.job(claim.job.id)
    assert (job.status, job.reason, job.error) == (JobStatus.FAILED, "ingestion_empty", str(caught.value))
    (event,) = scene.events(job.run_id)
    assert (event.reason, event.summary) == ("ingestion_empty", str(caught.value))
    assert [found["seen"] for found in event.payload["findings"]] == ["The glass is empty.", "And cracked.", "Dusty."]
    assert scene.projects.artifacts() == ()


def test_a_refused_stage_does_not_run(scene: Scene) -> None:
    stage = stage_of(raising(AssertionError("it ran")), contract=checking(finding("block")))
    with pytest.raises(GateRefusedError):
        scene.stage_runs.run(stage, scene.claim("ingest", Wish()))


@pytest.mark.parametrize("after", [False, True])
def test_a_warning_lets_the_work_pass_and_is_told_with_its_success(scene: Scene, after: bool) -> None:
    claim = scene.claim("ingest", Wish())
    scene.stage_runs.run(stage_of(contract=checking(finding("warn", "A little dust."), after=after)), claim)
    (event,) = scene.events(claim.job.run_id)
    assert (event.reason, event.summary) == ("ingestion", "Three rows were read. A little dust. Fill it.")


def test_a_crash_in_a_stage_is_one_clear_line_and_keeps_its_traceback(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())
    with pytest.raises(InternalError) as caught:
        scene.stage_runs.run(stage_of(raising(KeyError("the\nkey"))), claim)
    job = scene.job(claim.job.id)
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_internal")
    assert "\n" not in str(caught.value)
    assert "KeyError" in (job.error or "")
    (event,) = scene.events(job.run_id)
    assert event.severity == "critical"
    assert "raise error" in event.payload["detail"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_called_a_full_disk(scene: Scene, number: int) -> None:
    claim = scene.claim("ingest", Wish())
    with pytest.raises(DiskFullError, match=r"rows\.parquet"):
        scene.stage_runs.run(stage_of(raising(OSError(number, "No space", "rows.parquet"))), claim)
    assert scene.job(claim.job.id).reason == "system_disk_full"


def test_a_ledger_that_is_away_is_no_end_of_a_stage(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())
    with pytest.raises(LedgerUnavailableError):
        scene.stage_runs.run(
            stage_of(raising(LedgerUnavailableError("it cannot be reached just now; start it."))), claim
        )
    job = scene.job(claim.job.id)
    assert (job.status, job.reason, job.error) == (JobStatus.RUNNING, None, None)
    assert scene.events(job.run_id) == ()


def test_another_error_of_the_system_is_not_called_a_full_disk(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())
    with pytest.raises(InternalError):
        scene.stage_runs.run(stage_of(raising(OSError(errno.EIO, "Input/output error"))), claim)


def test_what_a_stage_says_of_its_failure_is_what_the_user_sees(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())
    error = SourceError("'a.csv' line 3 has a quote that never ends; close it.", reason=Reason.INGESTION_MALFORMED)
    with pytest.raises(SourceError):
        scene.stage_runs.run(stage_of(raising(error)), claim)
    job = scene.job(claim.job.id)
    assert (job.reason, job.error) == ("ingestion_malformed", str(error))


def test_a_reason_that_is_no_failure_is_not_taken_for_one(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())
    with pytest.raises(BrewError):
        scene.stage_runs.run(stage_of(raising(BrewError("odd", reason=Reason.TRAINING))), claim)
    assert scene.reasons(claim.job.run_id) == ["system_internal"]


def test_inputs_of_the_wrong_kind_are_refused(scene: Scene) -> None:
    manifest = scene.manifest()
    claim = scene.claim("ingest", Wish(snapshot_id=manifest.id))
    with pytest.raises(NotFoundError, match="is a manifest, where a snapshot is needed"):
        scene.stage_runs.run(stage_of(), claim)
    assert scene.job(claim.job.id).reason == "system_not_found"


def test_inputs_that_do_not_exist_are_refused(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish(snapshot_id=ArtifactId("snapshot-404")))
    with pytest.raises(NotFoundError, match="snapshot-404"):
        scene.stage_runs.run(stage_of(), claim)


def test_what_a_stage_was_given_becomes_the_parents_of_what_it_makes(scene: Scene) -> None:
    parent = scene.put(snapshot("parent.jsonl"))
    made = scene.stage_runs.run(stage_of(), scene.claim("ingest", Wish(snapshot_id=parent)))
    assert scene.projects.artifact(scene.project.id, made.id).parents == (parent,)


def test_a_payload_of_the_wrong_type_is_recorded_whole_and_does_not_stop_the_work(scene: Scene) -> None:
    def report(made: Snapshot) -> Draft:
        payload = Cleaning(dataset_id=made.id, num_before=1, num_after=1, removed={})
        return Draft(reason=Reason.INGESTION, summary="Odd.", payload=payload)

    claim = scene.claim("ingest", Wish())
    scene.stage_runs.run(stage_of(report=report), claim)
    assert scene.job(claim.job.id).status is JobStatus.COMPLETED
    (event,) = scene.events(claim.job.run_id)
    assert event.reason == "system_event_invalid"
    assert event.payload["original"]["payload"]["num_before"] == 1
    assert "ingestion wants Ingestion, got Cleaning" in event.summary


def test_a_damaged_body_is_refused(scene: Scene) -> None:
    parent = scene.put(snapshot("parent.jsonl"))
    rows = scene.storage._state.artifacts
    record = rows[scene.project.id, parent]
    rows[scene.project.id, parent] = record.model_copy(update={"body": {**record.body, "num_rows": 4}})

    def run(inputs: Any, context: StageContext) -> Any:
        return context.shelf.read(Snapshot, inputs.snapshot_id)

    claim = scene.claim("ingest", Wish(snapshot_id=parent))
    with pytest.raises(ArtifactDamagedError, match=parent):
        scene.stage_runs.run(stage_of(run), claim)
    assert scene.job(claim.job.id).reason == "system_artifact_damaged"


def test_the_shelf_gives_no_artifact_of_another_kind(scene: Scene) -> None:
    manifest = scene.manifest()
    with pytest.raises(NotFoundError, match="is a manifest, where a release is needed"):
        scene.shelf.read(Release, manifest.id)


def test_a_cancelled_job_is_not_begun(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())
    scene.jobs.cancel(claim.job.id)
    with pytest.raises(BrewError):
        scene.stage_runs.run(stage_of(raising(AssertionError("it ran"))), claim)
    assert scene.job(claim.job.id).status is JobStatus.CANCELLED


def test_a_stage_that_lost_its_job_writes_nothing_more(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())

    def run(inputs: Any, _context: StageContext) -> Any:
        scene.take_over(claim)
        return snapshot(inputs.locator)

    with pytest.raises(ClaimLostError):
        scene.stage_runs.run(stage_of(run), claim)
    job = scene.job(claim.job.id)
    assert (job.status, job.lease_owner) == (JobStatus.RUNNING, "two")
    assert (scene.events(job.run_id), scene.projects.artifacts()) == ((), ())


def test_a_failure_of_a_lost_job_is_the_new_holders_business(scene: Scene) -> None:
    claim = scene.claim("ingest", Wish())

    def run(_inputs: Any, _context: StageContext) -> Any:
        scene.take_over(claim)
        raise SourceError("too late")

    with pytest.raises(ClaimLostError):
        scene.stage_runs.run(stage_of(run), claim)
    assert scene.job(claim.job.id).status is JobStatus.RUNNING


def test_a_stage_says_how_far_it_is_and_what_has_happened(scene: Scene) -> None:
    seen = []

    def run(inputs: Any, context: StageContext) -> Any:
        context.progress(0.25, "a quarter")
        context.emit(ingested(snapshot("inner")))
        seen.append(
            (context.project.id, context.workers.folder("exp-001"), context.open_experiment(ArtifactId("p")).id)
        )
        return snapshot(inputs.locator)

    claim = scene.claim("ingest", Wish())
    scene.stage_runs.run(stage_of(run), claim)
    assert seen == [(scene.project.id, scene.folder / "experiments" / "exp-001", 1)]
    assert scene.reasons(claim.job.run_id) == ["ingestion", "ingestion"]
    assert scene.job(claim.job.id).message == "a quarter"


def test_an_error_of_the_driver_does_not_pass_for_the_users(scene: Scene) -> None:
    with pytest.raises(InternalError, match="OperationalError"):
        scene.stage_runs.run(stage_of(raising(sqlite3.OperationalError("x"))), scene.claim("ingest", Wish()))


def test_a_stage_that_fails_leaves_no_draft_behind(scene: Scene) -> None:
    def run(_inputs: Any, context: StageContext) -> Any:
        (context.shelf.draft() / "half.parquet").write_bytes(b"half")
        raise SourceError("The source broke off.")

    with pytest.raises(SourceError):
        StageRuns(scene.ports, entries={}).run(stage_of(run), scene.claim("ingest", Wish()))
    left = [path for path in scene.ports.store.project_folder(scene.project.id).rglob("*") if ".draft" in path.name]
    assert left == []
