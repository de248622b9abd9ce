"""The backlog across runs: what is found, what the last run closed beyond noise, and what came back."""

from dataclasses import replace
from typing import Any

import pytest

from brewslm.core.artifacts.eval_report import EvalReport, GateOutcome
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.backlog.entry import BacklogEntry, BacklogState
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.events.base import Draft
from brewslm.core.events.deployment import DriftDetected
from brewslm.core.events.monitoring import MonitoringAlert
from brewslm.core.events.reasons import Reason
from brewslm.core.health.report import HealthFinding
from brewslm.core.ids import ArtifactId, RunId
from brewslm.core.job import JobStatus
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.release import ReleaseState
from brewslm.services.backlog.book import Backlog
from brewslm.services.recording import Origin, emit_event
from brewslm.stages.train.contract import TrainInputs
from tests.unit.scene import Scene, extra_dataset
from tests.unit.services.evaluation.test_book import GATE, NUM_ROWS, put_report, rows_of

SLICE = "slice/main/accuracy/label=no"


@pytest.fixture
def manifest(scene: Scene) -> Manifest:
    return scene.manifest(shape="classification", labels=("no", "yes"))


def failing(*places: int) -> list[ScoredRow]:
    """Rows of which these fail; even places are labelled "no", odd ones "yes"."""
    wrong = set(places)
    return [
        replace(row, tuned_label="maybe" if place in wrong else row.label)
        for place, row in enumerate(rows_of(num_wrong=0))
    ]


def evaluated(scene: Scene, manifest: Manifest, *places: int, gates: tuple[GateOutcome, ...] = ()) -> EvalReport:
    return put_report(scene, manifest, failing(*places), *gates)


def look(scene: Scene) -> dict[str, BacklogEntry]:
    book = Backlog(scene.ports, actor="cli")
    book.look(scene.project.id)
    return {entry.finding.key: entry for entry in book.list(scene.project.id, is_all=True)}


def told(scene: Scene) -> list[tuple[str, str]]:
    """Reason and key of each event of the backlog."""
    events = [event for event in scene.events() if "backlog" in event.reason]
    return [(str(event.reason).rpartition("_")[2], event.payload["key"]) for event in events]


EVEN = tuple(range(0, NUM_ROWS, 2))


def test_a_slice_that_fails_beyond_noise_is_found_with_what_it_is_worth(scene: Scene, manifest: Manifest) -> None:
    report = evaluated(scene, manifest, *EVEN[:14], 1)
    found = look(scene)
    assert set(found) == {SLICE, "rows/main/accuracy"}
    finding = found[SLICE].finding
    assert "14 of 20 rows fail by accuracy (70%), elsewhere 1 of 20 (5%)" in finding.seen
    assert finding.share == pytest.approx((14 - 20 * 1 / 20) / 40)
    assert (finding.is_measured, finding.is_blocking) == (True, False)
    assert [(one.kind, one.id) for one in finding.evidence] == [("artifact", report.id)]
    assert finding.action == f"brewslm eval review --project {scene.project.id} --task main --slice label=no"
    assert found["rows/main/accuracy"].finding.share == pytest.approx(1 / 40), "rows of the slice count once"
    assert told(scene) == [("created", SLICE), ("created", "rows/main/accuracy")]
    assert look(scene) == found, "another look at the same run changes nothing"
    assert len(told(scene)) == 2


def test_slices_that_are_alike_are_no_entries(scene: Scene, manifest: Manifest) -> None:
    evaluated(scene, manifest, 0, 1, 11, 13, 20, 22, 30, 31)
    assert set(look(scene)) == {"rows/main/accuracy"}


def test_the_next_run_closes_what_it_mended_and_a_later_one_brings_it_back(scene: Scene, manifest: Manifest) -> None:
    evaluated(scene, manifest, *EVEN[:14], 1)
    look(scene)
    after = evaluated(scene, manifest, 0, 1)
    closed = look(scene)[SLICE]
    assert (closed.state, closed.actor) == (BacklogState.CLOSED, "backlog")
    assert closed.note == "1 of the same 20 rows fail, 14 did, beyond noise"
    assert told(scene)[-1] == ("resolved", SLICE)
    assert after.id not in closed.opened_in
    again = evaluated(scene, manifest, *EVEN[:15], 1)
    back = look(scene)[SLICE]
    assert (back.state, back.num_returns, back.opened_in) == (BacklogState.OPEN, 1, again.id)
    assert told(scene)[-1] == ("returned", SLICE)
    assert back.number == closed.number


def test_a_gain_within_noise_closes_nothing(scene: Scene, manifest: Manifest) -> None:
    """Twelve rows of twenty are no longer worse than the rest beyond noise, nor better than fourteen beyond noise."""
    evaluated(scene, manifest, *EVEN[:14], 1, 3, 5)
    look(scene)
    evaluated(scene, manifest, *EVEN[:12], *range(1, 16, 2))
    entry = look(scene)[SLICE]
    assert entry.state is BacklogState.OPEN
    assert entry.progress == "12 of the same 20 rows fail, 14 did, within noise"
    assert ("resolved", SLICE) not in told(scene)


def test_other_rows_are_compared_by_their_shares(scene: Scene, manifest: Manifest) -> None:
    evaluated(scene, manifest, *EVEN[:14], 1)
    look(scene)
    put_report(scene, manifest, [replace(row, id=f"new{row.id}") for row in failing(0, 1)])
    assert look(scene)[SLICE].note == "1 of 20 other rows fail, 14 of 20 did, beyond noise"


def test_a_gate_is_open_until_it_is_met(scene: Scene, manifest: Manifest) -> None:
    missed = GATE.model_copy(update={"passed": False})
    evaluated(scene, manifest, *EVEN[:14], 1, gates=(missed,))
    book = Backlog(scene.ports, actor="cli")
    first = book.look(scene.project.id)[0]
    assert (first.finding.key, first.finding.is_blocking, first.finding.is_measured) == ("gate/own", True, False)
    evaluated(scene, manifest, *EVEN[:14], 3, gates=(GATE,))
    assert look(scene)["gate/own"].note == "the gate is met: yes"


def test_what_a_person_closed_stays_closed(scene: Scene, manifest: Manifest) -> None:
    evaluated(scene, manifest, *EVEN[:14], 1)
    number = look(scene)[SLICE].number
    book = Backlog(scene.ports, actor="cli")
    book.close(scene.project.id, number, note="not worth it")
    evaluated(scene, manifest, *EVEN[:15], 1)
    assert look(scene)[SLICE].note == "not worth it"
    assert SLICE not in {entry.finding.key for entry in book.list(scene.project.id)}
    with pytest.raises(ConflictError, match=r"closed already \(not worth it\); reopen it first"):
        book.take(scene.project.id, number)
    assert book.reopen(scene.project.id, number).state is BacklogState.OPEN
    with pytest.raises(NotFoundError, match="no entry 99"):
        book.get(scene.project.id, 99)


def test_taking_up_a_slice_asks_for_a_review_list_of_its_rows(scene: Scene, manifest: Manifest) -> None:
    report = evaluated(scene, manifest, *EVEN[:14], 1)
    number = look(scene)[SLICE].number
    book = Backlog(scene.ports, actor="cli")
    request = book.review_of(scene.project.id, number)
    assert request is not None
    assert (request.eval_report_id, request.task, request.slice) == (report.id, "main", "label=no")
    taken = book.take(scene.project.id, number, job_id=scene.queue("review", request).id)
    assert (taken.state, taken.actor) == (BacklogState.TAKEN, "cli")
    assert taken.job_id is not None
    assert told(scene)[-1] == ("started", SLICE)
    with pytest.raises(ConflictError, match="taken already"):
        book.review_of(scene.project.id, number)
    evaluated(scene, manifest, 0, 1)
    assert look(scene)[SLICE].state is BacklogState.CLOSED


def test_rejected_rows_are_worth_their_share(scene: Scene) -> None:
    dataset = extra_dataset(scene, ["no", "yes", "no"])
    dirty = dataset.model_copy(
        update={
            "tally": dataset.tally.model_copy(update={"total": 4, "rejected": 1}),
            "rejections": {"missing_field": 1},
        }
    )
    scene.put(dirty)
    found = look(scene)["rejections/missing_field"]
    assert (found.finding.share, found.finding.is_measured) == (0.25, True)
    assert f"--project {scene.project.id} --reason missing_field" in found.finding.action
    scene.put(dataset.model_copy(update={"plan_hash": "1"}))
    assert look(scene)["rejections/missing_field"].state is BacklogState.CLOSED


def emit(scene: Scene, reason: Reason, payload: Any) -> None:
    origin = Origin(project_id=scene.project.id, run_id=RunId("project-1"), actor="test")
    with scene.storage.write() as transaction:
        emit_event(transaction, Draft(reason, "It is so", payload), origin=origin, occurred_at=scene.clock.now())


def test_the_trouble_of_the_last_training_names_a_change_of_its_recipe(scene: Scene) -> None:
    manifest = scene.manifest()
    readiness = scene.readiness(manifest, Recipe(base_model="tiny"))

    def train() -> Any:
        claim = scene.claim("train", TrainInputs(readiness_id=readiness.id, manifest_id=manifest.id))
        with scene.storage.write() as transaction:
            claim.change(transaction, status=JobStatus.COMPLETED, lease_expires_at=None)
        return claim.job

    job = train()
    finding = HealthFinding(
        detector="divergence",
        level="critical",
        episode=1,
        is_open=True,
        step=40,
        value=9.0,
        limit=3.0,
        onset_step=30,
        onset_record=30,
        peak=9.0,
        peak_step=40,
        recovery_step=None,
        seen="loss 9.0 is three times its best",
        evidence={},
        action="Halve learning_rate.",
    )
    emit(scene, Reason.MONITORING_ALERT, MonitoringAlert(job_id=job.id, event="opened", finding=finding))
    found = look(scene)["health/divergence"].finding
    assert found.action.endswith("train --project 1 --autopilot --set optim.learning_rate=0.00025")
    assert (found.is_measured, found.seen) == (False, finding.seen)
    assert {(one.kind, one.id) for one in found.evidence} >= {("job", str(job.id))}
    later = train()
    assert look(scene)["health/divergence"].note == f"the training of job {later.id} had nothing of it"


def test_drift_is_open_while_the_release_that_drifted_is_live(scene: Scene) -> None:
    def promote(version: int) -> None:
        with scene.storage.write() as transaction:
            for row in transaction.releases.list(scene.project.id):
                transaction.releases.change(row, state=ReleaseState.SUPERSEDED)
            row = transaction.releases.add(
                project_id=scene.project.id,
                version=version,
                release_id=ArtifactId(f"release-{version}"),
                created_at=scene.clock.now(),
            )
            transaction.releases.change(row, state=ReleaseState.LIVE)

    promote(1)
    emit(scene, Reason.DEPLOYMENT_DRIFT_DETECTED, DriftDetected(version=1, checks=("words: PSI +0.4, p 1e-5",)))
    entry = look(scene)["drift/words"]
    assert (entry.state, entry.finding.seen) == (BacklogState.OPEN, "words: PSI +0.4, p 1e-5")
    promote(2)
    assert look(scene)["drift/words"].note == "v2 is live, and has not drifted so"


def test_nothing_is_found_where_nothing_ran_and_no_project_is_refused(scene: Scene) -> None:
    assert look(scene) == {}
    with pytest.raises(NotFoundError):
        Backlog(scene.ports, actor="cli").look(scene.project.id + 1)
