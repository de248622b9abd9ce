"""The rows that a tuned model fails, out of a report's tables."""

from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.errors import NotFoundError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.outcome import TaskReport
from brewslm.core.evaluation.pack import EvalTask
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.ports.tables import Tables
from brewslm.stages.evaluate.tasks import places_in


def failing_rows(
    report: EvalReport, task: TaskReport, shelf: Shelf, tables: Tables, *, slice_: str | None = None
) -> list[ScoredRow]:
    """Return the failing rows of a task, the one whose expected answer the tuned model finds least likely first.

    Raises:
        NotFoundError: there is no such slice.
    """
    path = next(file.path for file in report.files if file.path.endswith(f"/rows-{task.id}.parquet"))
    rows = list(tables.each(shelf.path(path), ScoredRow))
    if slice_ is not None:
        known = [one.slice for one in task.slices]
        if slice_ not in known:
            raise NotFoundError(f"task {task.id!r} has no slice {slice_!r}; there is {', '.join(known) or 'none'}")
        asked = EvalTask(id=task.id, metrics=("loss",), slices=("label", "length", "source", "cluster"))
        wanted = places_in(slice_, asked, rows)
        rows = [row for place, row in enumerate(rows) if place in wanted]
    failing = [row for row in rows if row.is_failing]
    return sorted(failing, key=lambda row: -row.tuned_loss / max(row.num_tokens, 1))
