"""The review flow: failing rows are put on a list, which the data of a next run can be made of."""

from typing import Any

from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.iteration.review import Review
from brewslm.core.errors import NotFoundError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import EvaluationReview
from brewslm.core.events.reasons import Reason
from brewslm.services.evaluation.book import Evaluations, task_named
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.recording import record_of
from brewslm.services.requests import ReviewRequest
from brewslm.stages.evaluate.failing import failing_rows


def review_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Put failing rows on a review list.

    Raises:
        NotFoundError: there is no such report, task, slice or row, or no row fails.
    """
    request = ReviewRequest.model_validate(payload)
    shelf = run.shelf
    report_id = request.eval_report_id or Evaluations(run.ports).newest(run.claim.job.project_id)
    report = shelf.read(EvalReport, report_id)
    task = task_named(report, report_id, request.task)
    rows = failing_rows(report, task, shelf, run.ports.tables, slice_=request.slice)
    if request.row_ids:
        missing = sorted(set(request.row_ids) - {row.id for row in rows})
        if missing:
            raise NotFoundError(f"row {missing[0]!r} is not among the failing rows of task {task.id!r}")
        rows = [row for row in rows if row.id in request.row_ids]
    rows = rows[: request.limit]
    if not rows:
        raise NotFoundError(f"no row of task {task.id!r} fails{f' on {request.slice}' if request.slice else ''}")
    draft = shelf.draft()
    with run.ports.tables.write(draft / "rows.parquet", ScoredRow) as table:
        table.add(rows)
    review = Review(
        files=shelf.publish(draft, room="reviews"),
        eval_report_id=report_id,
        task=task.id,
        metric=task.metrics[0].name if task.metrics else "loss",
        slice=request.slice,
        note=request.note,
        num_rows=len(rows),
    )
    made = record_of(review, run.claim.job, parents=(report_id,), created_at=run.ports.clock.now())
    count = f"{len(rows):,} failing {'row' if len(rows) == 1 else 'rows'}"
    event = Draft(
        Reason.EVALUATION_REVIEW_CREATED,
        f"{count} of task {task.id!r} of {report_id} went on a review list",
        EvaluationReview(review_id=review.id, eval_report_id=report_id, task=task.id, num_rows=len(rows)),
    )
    return FlowOutcome(artifact_id=made.id, event=event, made=made)
