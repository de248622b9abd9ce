"""Looking into evaluations: the rows that fail, and whether a model may be promoted."""

from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import InvalidRequestError, NotFoundError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.outcome import TaskReport
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.core.wire.shard import EXAMPLES_FILE
from brewslm.services.evaluation.labels import text_to_label
from brewslm.services.gates.promotion import ReleaseVerdict, accepted_report, verdict_for_release
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.evaluate.failing import failing_rows
from brewslm.stages.evaluate.rows import Row, prompt_of, spelled


class FailingRow(Value):
    """A row that the tuned model fails, with what both models made of it."""

    id: str
    prompt: str
    expected: str
    label: str | None
    base_label: str | None
    tuned_label: str | None
    base_answer: str | None
    """None where no answer was generated."""
    tuned_answer: str | None
    base_loss: float
    """Mean per trained token, nats."""
    tuned_loss: float


class FailingRows(Value):
    """A page of them, the worst first."""

    eval_report_id: ArtifactId
    task: str
    metric: str
    slice: str | None
    num_failing: int
    start: int
    rows: tuple[FailingRow, ...]


class PairsToLabel(Value):
    """Where pairs of answers wait for people."""

    path: str
    num_pairs: int
    eval_report_id: ArtifactId


class Evaluations:
    """The service."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def failing(
        self,
        project_id: ProjectId,
        report_id: ArtifactId | None = None,
        *,
        task: str | None = None,
        slice_: str | None = None,
        start: int = 0,
        limit: int = 20,
    ) -> FailingRows:
        """Return rows that the tuned model fails, of the newest report where none is named.

        Raises:
            NotFoundError: there is no such report, task or slice.
        """
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        report_id = report_id or self.newest(project_id)
        report = shelf.read(EvalReport, report_id)
        chosen = task_named(report, report_id, task)
        rows = failing_rows(report, chosen, shelf, self._ports.tables, slice_=slice_)
        return FailingRows(
            eval_report_id=report_id,
            task=chosen.id,
            metric=chosen.metrics[0].name if chosen.metrics else "",
            slice=slice_,
            num_failing=len(rows),
            start=start,
            rows=tuple(_shown(row) for row in rows[start : start + limit]),
        )

    def pairs(
        self, project_id: ProjectId, name: str, report_id: ArtifactId | None = None, *, limit: int = 60
    ) -> PairsToLabel:
        """Write pairs of answers for people to label, which model gave which not being shown.

        Raises:
            NotFoundError: there is no such report, or no task of it has answers.
            ConflictError: there are pairs of that name already.
        """
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        report_id = report_id or self.newest(project_id)
        report = shelf.read(EvalReport, report_id)
        answered = next((task for task in report.tasks if task.num_answered), None)
        if answered is None:
            message = f"{report_id!r} has no answers; evaluate with a pack whose metrics are of answers"
            raise NotFoundError(message)
        manifest = shelf.read(Manifest, report.manifest_id)
        place = shelf.path(f"{manifest.split('test' if answered.rows == 'test' else 'eval').folder}/{EXAMPLES_FILE}")
        prompts = {row.id: spelled(prompt_of(row, manifest)) for row in self._ports.tables.each(place, Row)}
        file = next(one.path for one in report.files if one.path.endswith(f"/rows-{answered.id}.parquet"))
        rows = list(self._ports.tables.each(shelf.path(file), ScoredRow))
        text, count = text_to_label(rows, prompts, limit=limit)
        return PairsToLabel(path=self._ports.label_files.add(name, text), num_pairs=count, eval_report_id=report_id)

    def promotion(self, project_id: ProjectId, report_id: ArtifactId | None = None) -> ReleaseVerdict:
        """Judge whether the model of a report may take the place of the last accepted release (Gate D).

        Raises:
            NotFoundError: there is no such report.
        """
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        report_id = report_id or self.newest(project_id)
        with self._ports.storage.read() as transaction:
            seed = transaction.projects.get(project_id).seed
            accepted_id = accepted_report(transaction, project_id)
        return verdict_for_release(shelf, self._ports.tables, report_id, accepted_id, seed=seed)

    def newest(self, project_id: ProjectId) -> ArtifactId:
        """Return the project's newest report.

        Raises:
            NotFoundError: there is no such project, or it has none.
        """
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            records = transaction.artifacts.list(project_id=project_id, kind="eval_report")
        if not records:
            message = f"project {project_id} has no evaluation; make one with `brewslm evaluate --project {project_id}`"
            raise NotFoundError(message)
        return records[-1].id


def task_named(report: EvalReport, report_id: ArtifactId, name: str | None) -> TaskReport:
    """Return a task of a report, the first where none is named.

    Raises:
        NotFoundError: there is none of that name.
        InvalidRequestError: the report is of a time before tasks.
    """
    if not report.tasks:
        raise InvalidRequestError(f"{report_id!r} has no rows to look at; evaluate again to see which fail")
    found = next((task for task in report.tasks if name in {None, task.id}), None)
    if found is None:
        known = ", ".join(task.id for task in report.tasks)
        raise NotFoundError(f"{report_id!r} has no task {name!r}; there is {known}")
    return found


def _shown(row: ScoredRow) -> FailingRow:
    weight = max(row.num_tokens, 1)
    return FailingRow(
        id=row.id,
        prompt=row.prompt,
        expected=row.expected,
        label=row.label,
        base_label=row.base_label,
        tuned_label=row.tuned_label,
        base_answer=row.base_answer,
        tuned_answer=row.tuned_answer,
        base_loss=row.base_loss / weight,
        tuned_loss=row.tuned_loss / weight,
    )
