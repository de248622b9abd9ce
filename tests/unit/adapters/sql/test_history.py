"""Timeline and clusters over a ledger, against what a plain walk over all events comes to."""

import itertools
from collections import Counter
from typing import Any

import pytest

from benchmarks.audit import purity_and_completeness
from benchmarks.lives import Planted, live
from brewslm.adapters.sql.history import SqlHistory
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.errors import NotFoundError
from brewslm.core.events.base import RunEvent
from brewslm.core.events.choice import EventChoice
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.job import Job
from brewslm.services.audit.clusters import FailureClusters, told
from brewslm.services.audit.timeline import SEVERITIES, RunNode, Timelines
from tests.fakes.choosing import is_chosen
from tests.fakes.ledger import NOW, event, fill

ONE, TWO = ProjectId(1), ProjectId(2)
NUM_RUNS = 12
NUM_EVENTS = 300


def all_of(ledger: SqlStorage) -> tuple[list[Job], list[RunEvent]]:
    with ledger.read() as transaction:
        return list(transaction.jobs.list(limit=10_000)), list(transaction.events.list(limit=100_000))


def all_runs(timelines: Timelines, choice: EventChoice, limit: int) -> list[RunNode]:
    found: list[RunNode] = []
    before: JobId | None = None
    while True:
        page = timelines.page(choice, before_id=before, limit=limit)
        assert len(page.runs) <= limit
        found += page.runs
        before = page.next_before
        if before is None:
            return found


def recomputed(job: Job, jobs: list[Job], events: list[RunEvent]) -> dict[str, object]:
    """What a run comes to, by a walk over everything."""
    steps = [recomputed(one, jobs, events) for one in sorted(jobs, key=lambda one: one.id) if one.parent_id == job.id]
    own = [one for one in events if one.run_id == job.run_id]
    counts = Counter(one.severity for one in own)
    for step in steps:
        counts.update(step["num_events"])  # type: ignore[arg-type]  # it is a Counter
    starts = [one for one in own if one.reason is Reason.TRAINING_RECOVERY_STARTED]
    ends = [one for one in own if one.reason is Reason.TRAINING_RECOVERED]
    return {
        "run_id": job.run_id,
        "status": job.status,
        "took": (job.started_at, job.finished_at),
        "num_events": counts,
        "severity": next((one for one in reversed(SEVERITIES) if counts[one]), None),
        "recoveries": [(a.seq, a.occurred_at, b.occurred_at) for a, b in zip(starts, ends, strict=True)],
        "steps": steps,
    }


def shown(node: RunNode) -> dict[str, object]:
    return {
        "run_id": node.run_id,
        "status": node.status,
        "took": (node.started_at, node.ended_at),
        "num_events": Counter(node.num_events),
        "severity": node.severity,
        "recoveries": [(one.seq, one.started_at, one.ended_at) for one in node.recoveries],
        "steps": [shown(step) for step in node.steps],
    }


def test_timeline_and_clusters_are_what_a_plain_walk_over_all_events_comes_to(ledger: SqlStorage) -> None:
    fill(ledger, num_projects=2)
    planted = live(ledger, (ONE, TWO), num_runs=NUM_RUNS, num_events=NUM_EVENTS, seed=4)
    jobs, events = all_of(ledger)
    check_timeline(ledger, jobs, events)
    check_chosen_runs(ledger, jobs, events)
    check_single_jobs(ledger)
    check_clusters(ledger, events, planted)


def check_timeline(ledger: SqlStorage, jobs: list[Job], events: list[RunEvent]) -> None:
    timelines = Timelines(SqlHistory(ledger))
    for project_id in (ONE, TWO):
        roots = [job for job in jobs if job.parent_id is None and job.project_id == project_id]
        wanted = [recomputed(job, jobs, events) for job in sorted(roots, key=lambda one: -one.id)]
        assert [shown(node) for node in all_runs(timelines, EventChoice(project_id=project_id), 4)] == wanted
        assert len(wanted) == NUM_RUNS // 2
    assert (
        sum(
            len(node.recoveries)
            for root in all_runs(timelines, EventChoice(project_id=ONE), 100)
            for node in root.steps
        )
        > 0
    )
    others = timelines.page(EventChoice(project_id=ONE)).others
    assert [one.run_id for one in others] == [RunId("project-1")]
    of_project = [one for one in events if one.run_id == "project-1"]
    assert sum(others[0].num_events.values()) == len(of_project)
    assert timelines.page(EventChoice(project_id=ONE), before_id=JobId(5)).others == ()


def check_chosen_runs(ledger: SqlStorage, jobs: list[Job], events: list[RunEvent]) -> None:
    """Runs with an event of a choice, be it a step's: whole, and no others."""
    timelines = Timelines(SqlHistory(ledger))
    middle = events[len(events) // 2]
    choices: tuple[dict[str, Any], ...] = (
        {"severities": ("error", "critical")},
        {"severities": ("warning",), "stages": ("training",)},
        {"stages": ("evaluation",)},
        {"since": middle.occurred_at},
        {"until": middle.occurred_at, "text": "memory"},
        {"run_id": middle.run_id},
        {"text": "nothing says this"},
    )
    parents = {job.id: job.parent_id for job in jobs}
    sizes = set()
    for project_id, choice in itertools.product((None, ONE), choices):
        chosen = EventChoice(project_id=project_id, **choice)
        runs = {one.run_id for one in events if is_chosen(one, chosen)}
        roots = {parents[job.id] or job.id for job in jobs if job.run_id in runs}
        wanted = [recomputed(job, jobs, events) for job in sorted(jobs, key=lambda one: -one.id) if job.id in roots]
        assert [shown(node) for node in all_runs(timelines, chosen, 3)] == wanted, chosen
        assert timelines.page(chosen).others == ()
        sizes.add(len(wanted))
    assert 0 in sizes
    assert len(sizes) > 4, "the choices are of different sizes"


def check_single_jobs(ledger: SqlStorage) -> None:
    timelines = Timelines(SqlHistory(ledger))
    assert timelines.of_job(JobId(1)).steps[0].run_id == "ingest-2"
    assert timelines.of_job(JobId(2)).steps == ()
    with pytest.raises(NotFoundError, match="no job 99999"):
        timelines.of_job(JobId(99999))


def test_a_flow_shows_before_it_has_an_event(ledger: SqlStorage) -> None:
    fill(ledger)
    with ledger.write() as transaction:
        transaction.jobs.add(project_id=ONE, kind="autopilot", payload={}, created_at=NOW)
    (run,) = Timelines(SqlHistory(ledger)).page(EventChoice(project_id=ONE)).runs
    assert (run.status, run.num_events, run.severity, run.duration_seconds) == ("queued", {}, None, None)


def check_clusters(ledger: SqlStorage, events: list[RunEvent], planted: Planted) -> None:
    history = SqlHistory(ledger)
    page = FailureClusters(history).page(limit=1000)
    grave = [one for one in events if one.severity in {"error", "critical"}]
    assert page.num_failures == sum(one.num_failures for one in page.clusters) == len(grave) > 0
    rows = history.outcomes(after_seq=0, until_seq=len(events))
    pairs = [(planted.causes[row.seq], told(row)[1]) for row in rows if row.seq in planted.causes]
    assert len(pairs) == len(planted.causes) > 2
    assert purity_and_completeness(pairs) == (1.0, 1.0)
    of_one = FailureClusters(history).page(project_id=ONE, limit=1000)
    assert {one.project_id for one in of_one.clusters} <= {ONE}
    assert sum(1 for one in grave if one.project_id == ONE) == of_one.num_failures


def test_clusters_grow_as_failures_arrive_and_page_by_the_last(ledger: SqlStorage) -> None:
    fill(ledger)
    clusters = FailureClusters(SqlHistory(ledger))
    assert clusters.page().clusters == ()

    def fail(*messages: str) -> None:
        with ledger.write() as transaction:
            for message in messages:
                new = event(project_id=ONE, run_id=RunId(f"train-{len(message)}"), payload={"error": message})
                row = new.model_copy(update={"severity": "error", "reason": Reason.TRAINING_OOM, "stage": "training"})
                transaction.events.append(row, recorded_at=NOW)

    fail("step 1 took 3 GiB", "the other", "step 22 took 4 GiB")
    (first, second) = clusters.page().clusters
    assert (first.signature, first.num_failures, first.num_runs) == ("step <n> took <size>", 2, 2)
    assert [one.message for one in first.examples] == ["step 1 took 3 GiB", "step 22 took 4 GiB"]
    assert first.next_step == "Lower batch_size or max_seq_len."
    assert second.num_failures == 1
    fail("the other")
    page = clusters.page(limit=1)
    assert [one.signature for one in page.clusters] == ["the other"]
    assert (page.num_clusters, page.num_failures) == (2, 4)
    rest = clusters.page(limit=1, before_seq=page.next_before)
    assert [one.id for one in rest.clusters] == [first.id]
    assert rest.next_before is None


def test_failures_of_two_checks_are_two_clusters(ledger: SqlStorage) -> None:
    fill(ledger)
    with ledger.write() as transaction:
        for check in ("disk", "memory"):
            findings = [{"check": check, "level": "block"}, {"check": "gpu", "level": "ok"}]
            new = event(project_id=ONE, payload={"error": "1 check says no", "findings": findings})
            row = new.model_copy(update={"severity": "error", "reason": Reason.PREFLIGHT_BLOCKED})
            transaction.events.append(row, recorded_at=NOW)
    page = FailureClusters(SqlHistory(ledger)).page()
    assert {one.signature for one in page.clusters} == {"<n> check says no [disk]", "<n> check says no [memory]"}


def test_a_cause_is_resolved_when_its_stage_succeeds_and_reopened_when_it_fails_so_again(ledger: SqlStorage) -> None:
    fill(ledger)
    clusters = FailureClusters(SqlHistory(ledger))

    def happen(reason: Reason) -> str:
        severity = "info" if reason is Reason.TRAINING else "error"
        row = event(project_id=ONE).model_copy(update={"severity": severity, "reason": reason, "stage": "training"})
        with ledger.write() as transaction:
            transaction.events.append(row, recorded_at=NOW)
        (found,) = clusters.page().clusters
        return found.state

    oom, done = Reason.TRAINING_OOM, Reason.TRAINING
    told = [happen(reason) for reason in (oom, oom, done, oom, done)]
    assert told == ["open", "open", "resolved", "reopened", "resolved"]
