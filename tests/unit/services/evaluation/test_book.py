"""Failing rows, review lists, and Gate D against the release that is live."""

from types import SimpleNamespace
from typing import Any

import pytest

from brewslm.core.artifacts.bundle import Bundle, Parity
from brewslm.core.artifacts.eval_report import EvalReport, GateOutcome, LossComparison
from brewslm.core.artifacts.iteration.review import Review
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.release import Release
from brewslm.core.errors import NotFoundError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.interval import Interval
from brewslm.core.evaluation.pack import EvalTask
from brewslm.core.ids import ArtifactId
from brewslm.core.job import JobStatus
from brewslm.services.evaluation.book import Evaluations
from brewslm.services.evaluation.review import review_flow
from brewslm.services.gates.promotion import accepted_report, verdict_for_release
from brewslm.services.requests import ReviewRequest
from brewslm.stages.evaluate.tasks import report_on
from tests.unit.scene import Scene

NUM_ROWS = 40
PARITY = Parity(
    num_examples=1,
    adapter_loss=1.0,
    merged_loss=1.0,
    largest_logprob_difference=0.0,
    same_greedy_tokens=True,
    tolerance=1e-3,
    passed=True,
)
GATE = GateOutcome(name="own", sentence="It is.", passed=True, seen="yes")


def rows_of(*, num_wrong: int = 6, shift: float = 0.0, prefix: str = "r") -> list[ScoredRow]:
    return [
        ScoredRow(
            id=f"{prefix}{number}",
            num_tokens=2,
            num_bytes=5,
            prompt=f"question {number}",
            expected="yes",
            label="yes" if number % 2 else "no",
            base_loss=4.0,
            tuned_loss=2.0 + 0.01 * number + shift * (1 + number % 3),
            base_label="no",
            tuned_label="maybe" if number < num_wrong else ("yes" if number % 2 else "no"),
        )
        for number in range(NUM_ROWS)
    ]


def put_report(scene: Scene, manifest: Manifest, rows: list[ScoredRow], *gates: GateOutcome) -> EvalReport:
    task, marked = report_on(EvalTask(id="main", metrics=("accuracy", "loss")), rows, ("no", "yes"), seed=1)
    draft = scene.shelf.draft()
    with scene.ports.tables.write(draft / "rows-main.parquet", ScoredRow) as table:
        table.add(marked)
    report = EvalReport(
        files=scene.shelf.publish(draft, room="evaluations"),
        adapter_id="adapter-0",
        manifest_id=manifest.id,
        losses=(
            LossComparison(
                split="test",
                num_examples=NUM_ROWS,
                num_tokens=2 * NUM_ROWS,
                base=2.0,
                tuned=1.0,
                delta=-1.0,
                interval=Interval(low=-1.1, high=-0.9),
                base_bits_per_byte=1.0,
                tuned_bits_per_byte=0.5,
                verdict="better",
            ),
        ),
        accuracy=(),
        answers=(),
        gates=gates or (GATE,),
        verdict="better",
        tasks=(task,),
    )
    scene.put(report)
    return report


@pytest.fixture
def manifest(scene: Scene) -> Manifest:
    return scene.manifest(shape="classification", labels=("no", "yes"))


def judged(scene: Scene, report: EvalReport, accepted: EvalReport | None) -> Any:
    before = None if accepted is None else accepted.id
    return verdict_for_release(scene.shelf, scene.ports.tables, report.id, before, seed=1)


def test_the_first_release_is_judged_by_its_own_gates(scene: Scene, manifest: Manifest) -> None:
    assert judged(scene, put_report(scene, manifest, rows_of()), None).passed
    failed = GATE.model_copy(update={"passed": False})
    refused = judged(scene, put_report(scene, manifest, rows_of(), failed), None)
    assert not refused.passed
    assert "own: It is. Seen: yes." in refused.sentence
    wished = failed.model_copy(update={"required": False})
    assert judged(scene, put_report(scene, manifest, rows_of(), wished), None).passed


@pytest.mark.parametrize(("num_wrong", "passed"), [(4, True), (7, True), (20, False)])
def test_a_final_metric_may_be_worse_than_the_release_within_noise_only(
    scene: Scene, manifest: Manifest, num_wrong: int, passed: bool
) -> None:
    accepted = put_report(scene, manifest, rows_of(num_wrong=6))
    verdict = judged(scene, put_report(scene, manifest, rows_of(num_wrong=num_wrong, shift=0.0)), accepted)
    assert {one.name for one in verdict.outcomes} == {"own", "gate_d_loss", "gate_d_accuracy"}
    assert verdict.passed is passed
    assert next(one for one in verdict.outcomes if one.name == "gate_d_accuracy").passed is passed


def test_a_loss_that_rose_beyond_noise_refuses_although_the_labels_are_as_good(
    scene: Scene, manifest: Manifest
) -> None:
    accepted = put_report(scene, manifest, rows_of())
    verdict = judged(scene, put_report(scene, manifest, rows_of(shift=0.3)), accepted)
    assert [one.name for one in verdict.outcomes if not one.passed] == ["gate_d_loss"]
    assert "same rows" in verdict.sentence


def test_other_rows_are_compared_by_intervals(scene: Scene, manifest: Manifest) -> None:
    accepted = put_report(scene, manifest, rows_of(prefix="old"))
    assert judged(scene, put_report(scene, manifest, rows_of(num_wrong=7)), accepted).passed
    verdict = judged(scene, put_report(scene, manifest, rows_of(num_wrong=30)), accepted)
    assert [one.name for one in verdict.outcomes if not one.passed] == ["gate_d_accuracy"]


def test_what_cannot_be_compared_is_not_promoted(scene: Scene, manifest: Manifest) -> None:
    accepted = put_report(scene, manifest, rows_of())
    bare = accepted.model_copy(update={"tasks": (), "files": ()})
    scene.put(bare)
    verdict = judged(scene, put_report(scene, manifest, rows_of(num_wrong=5)), bare)
    assert not verdict.passed
    assert "evaluate the accepted release's adapter again" in verdict.sentence


def test_the_newest_live_release_is_the_accepted_one(scene: Scene, manifest: Manifest) -> None:
    """Of two live ones and a newer candidate the newer live one, through its bundle to its evaluation."""
    report = put_report(scene, manifest, rows_of())
    bundle = Bundle(
        adapter_id=ArtifactId("adapter-0"),
        eval_report_id=report.id,
        format="huggingface",
        target="transformers",
        folder="exports/x",
        dtype="float32",
        parity=PARITY,
    )
    scene.put(bundle)
    release = Release(bundle_id=bundle.id, runtime="transformers", smoke=())
    scene.put(release)
    rows = [
        SimpleNamespace(version=version, state=state, release_id=release_id)
        for version, state, release_id in ((1, "live", "release-0"), (2, "live", release.id), (3, "candidate", "r-9"))
    ]
    with scene.storage.read() as transaction:
        assert accepted_report(transaction, scene.project.id) is None
        book: Any = SimpleNamespace(releases=SimpleNamespace(list=lambda _: rows), artifacts=transaction.artifacts)
        assert accepted_report(book, scene.project.id) == report.id


def test_failing_rows_come_worst_first_page_by_page_and_by_slice(scene: Scene, manifest: Manifest) -> None:
    report = put_report(scene, manifest, rows_of())
    book = Evaluations(scene.ports)
    found = book.failing(scene.project.id, limit=2)
    assert (found.eval_report_id, found.task, found.metric, found.num_failing) == (report.id, "main", "accuracy", 6)
    assert [row.id for row in found.rows] == ["r5", "r4"]
    assert (found.rows[0].label, found.rows[0].base_label, found.rows[0].tuned_label) == ("yes", "no", "maybe")
    assert [row.id for row in book.failing(scene.project.id, start=5).rows] == ["r0"]
    assert [row.id for row in book.failing(scene.project.id, slice_="label=no").rows] == ["r4", "r2", "r0"]
    with pytest.raises(NotFoundError, match="label=no"):
        book.failing(scene.project.id, slice_="label=perhaps")
    with pytest.raises(NotFoundError, match="there is main"):
        book.failing(scene.project.id, task="other")


def test_a_project_without_an_evaluation_says_how_to_make_one(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="brewslm evaluate --project"):
        Evaluations(scene.ports).failing(scene.project.id)


def run_review(scene: Scene, request: ReviewRequest) -> Any:
    return scene.runner({"review": review_flow}).run(scene.queue("review", request).id)


def test_failing_rows_become_a_review_list(scene: Scene, manifest: Manifest) -> None:
    report = put_report(scene, manifest, rows_of())
    job = run_review(scene, ReviewRequest(slice="label=no", note="look"))
    made = scene.read(Review, job)
    assert (made.eval_report_id, made.task, made.slice, made.num_rows) == (report.id, "main", "label=no", 3)
    kept = list(scene.ports.tables.each(scene.shelf.path(made.files[0].path), ScoredRow))
    assert [row.id for row in kept] == ["r4", "r2", "r0"]
    assert scene.reasons(job.run_id) == ["evaluation_review_created"]
    with scene.storage.read() as transaction:
        assert transaction.artifacts.get(scene.project.id, made.id).parents == (report.id,)
    chosen = scene.read(Review, run_review(scene, ReviewRequest(row_ids=("r1",))))
    assert chosen.num_rows == 1


def test_a_row_that_does_not_fail_cannot_be_put_on_it(scene: Scene, manifest: Manifest) -> None:
    put_report(scene, manifest, rows_of())
    job = run_review(scene, ReviewRequest(row_ids=("r30",)))
    assert job.status is JobStatus.FAILED
    assert "'r30'" in (job.error or "")


def test_nothing_fails_is_said(scene: Scene, manifest: Manifest) -> None:
    put_report(scene, manifest, rows_of(num_wrong=0))
    assert "no row of task 'main' fails" in (run_review(scene, ReviewRequest()).error or "")
