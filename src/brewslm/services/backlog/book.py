"""The backlog of a project: looking at its newest run, and what people decide about entries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.backlog.entry import (
    BACKLOG_TRANSITIONS,
    BacklogChanged,
    BacklogEntry,
    BacklogFinding,
    BacklogState,
)
from brewslm.core.errors import BrewError, ConflictError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, JobId, ProjectId, RunId
from brewslm.core.job import Job
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.ports.storage import Transaction
from brewslm.core.recipe.recipe import Recipe
from brewslm.services.backlog.elsewhere import (
    found_in_dataset,
    found_in_drift,
    found_in_training,
    last_training,
    live_version,
)
from brewslm.services.backlog.evaluated import SeenReport, found_in_evaluation
from brewslm.services.backlog.progress import Progress, progress_of
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.recording import Origin, emit_event
from brewslm.services.requests import ReviewRequest
from brewslm.services.shelf import ProjectShelf

ITSELF = "backlog"
"""Who changes an entry where a run did."""


@dataclass(frozen=True, slots=True)
class _Newest:
    """What a look looks at."""

    found: Mapping[str, BacklogFinding]
    progress: Mapping[int, Progress]
    gone: Mapping[str, str]
    """By kind of finding: why what is not found there any more is over; "" where nobody can say."""


class Backlog:
    """The service."""

    def __init__(self, ports: Ports, *, actor: str) -> None:
        """Bind it to the ports; `actor` is who decides about entries."""
        self._ports = ports
        self._actor = actor

    def list(self, project_id: ProjectId, *, is_all: bool = False) -> tuple[BacklogEntry, ...]:
        """Return what is open or taken, worth most first; with `is_all` what was closed after it.

        Raises:
            NotFoundError: there is no such project.
        """
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            entries = transaction.backlog.list(project_id)
        kept = [one for one in entries if is_all or one.state is not BacklogState.CLOSED]
        return tuple(sorted(kept, key=lambda one: (one.state is BacklogState.CLOSED, one.finding.rank)))

    def get(self, project_id: ProjectId, number: int) -> BacklogEntry:
        """Return one.

        Raises:
            NotFoundError: there is no such project or entry.
        """
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            return transaction.backlog.get(project_id, number)

    def look(self, project_id: ProjectId) -> tuple[BacklogEntry, ...]:
        """Look at the newest run: open what is new, close what it has mended beyond noise, open again what is back.

        Raises:
            NotFoundError: there is no such project.
            ArtifactDamagedError: an evaluation cannot be read.
        """
        with self._ports.storage.read() as transaction:
            seed = transaction.projects.get(project_id).seed
            entries = transaction.backlog.list(project_id)
        newest = self._newest(project_id, entries, seed)
        with self._ports.storage.write() as transaction:
            known = {one.finding.key: one for one in transaction.backlog.list(project_id)}
            for finding in sorted(newest.found.values(), key=lambda one: one.rank):
                if finding.key in known:
                    self._see_again(transaction, known[finding.key], finding, newest.progress)
                else:
                    self._open(transaction, project_id, finding)
            for entry in known.values():
                if entry.finding.key not in newest.found and entry.state is not BacklogState.CLOSED:
                    self._miss(transaction, entry, newest)
        return self.list(project_id)

    def review_of(self, project_id: ProjectId, number: int) -> ReviewRequest | None:
        """Return the review list that taking an entry up makes; None where it makes none.

        Raises:
            NotFoundError: there is no such project or entry.
            ConflictError: it is not open.
        """
        entry = self.get(project_id, number)
        _refuse_unless(entry, BacklogState.TAKEN)
        rows = entry.finding.rows
        if rows is None:
            return None
        note = f"backlog {number}: {entry.finding.title}"
        report_id = ArtifactId(entry.finding.source)
        return ReviewRequest(eval_report_id=report_id, task=rows.task, slice=rows.slice, note=note)

    def take(self, project_id: ProjectId, number: int, *, note: str = "", job_id: JobId | None = None) -> BacklogEntry:
        """Note that somebody mends it; `job_id` makes its review list.

        Raises:
            NotFoundError: there is no such project or entry.
            ConflictError: it is not open.
        """
        why = note or f"taken up with `{self.get(project_id, number).finding.action}`"
        return self._decide(project_id, number, BacklogState.TAKEN, why, job_id=job_id)

    def close(self, project_id: ProjectId, number: int, *, note: str) -> BacklogEntry:
        """Say that nothing more is to be done; later runs do not open it again.

        Raises:
            NotFoundError: there is no such project or entry.
            ConflictError: it is closed.
        """
        return self._decide(project_id, number, BacklogState.CLOSED, note)

    def reopen(self, project_id: ProjectId, number: int, *, note: str = "") -> BacklogEntry:
        """Say that it is to be looked at again.

        Raises:
            NotFoundError: there is no such project or entry.
            ConflictError: it is open.
        """
        return self._decide(project_id, number, BacklogState.OPEN, note or f"opened again by {self._actor}")

    def _decide(
        self, project_id: ProjectId, number: int, state: BacklogState, note: str, *, job_id: JobId | None = None
    ) -> BacklogEntry:
        with self._ports.storage.write() as transaction:
            transaction.projects.get(project_id)
            entry = transaction.backlog.get(project_id, number)
            _refuse_unless(entry, state)
            return self._put(transaction, entry, state, note=note, actor=self._actor, job_id=job_id or entry.job_id)

    def _newest(self, project_id: ProjectId, entries: Sequence[BacklogEntry], seed: int) -> _Newest:
        ports = self._ports
        shelf = ProjectShelf(ports.storage, ports.store, project_id)
        with ports.storage.read() as transaction:
            report = transaction.artifacts.latest(project_id, "eval_report")
            training = last_training(transaction, project_id)
            version = live_version(transaction, project_id)
            found = list(found_in_drift(transaction, project_id))
            if training is not None:
                recipe = _recipe_of(transaction, training)
                found += found_in_training(transaction, training, recipe)
        dataset_id = Projects(ports, actor=self._actor).current(project_id, "clean", "map_commit")
        if dataset_id is not None:
            found += found_in_dataset(dataset_id, shelf.read(Dataset, dataset_id))
        progress: dict[int, Progress] = {}
        if report is not None:
            seen = SeenReport.read(shelf.read(EvalReport, report.id), shelf, ports.tables)
            found += found_in_evaluation(seen)
            older = [one for one in entries if one.opened_in != str(report.id)]
            before = dict(_reports_of(older, shelf, ports))
            progress = progress_of(older, before, seen, seed=seed)
        gone = {
            "rejections": "" if dataset_id is None else f"no row of {dataset_id} is rejected so",
            "drift": "" if version is None else f"v{version} is live, and has not drifted so",
            "health": "" if training is None else f"the training of job {training.id} had nothing of it",
        }
        keyed = {one.key: _addressed(one, project_id) for one in found}
        return _Newest(keyed, progress, gone)

    def _open(self, transaction: Transaction, project_id: ProjectId, finding: BacklogFinding) -> None:
        now = self._ports.clock.now()
        entry = transaction.backlog.add(
            BacklogEntry(
                project_id=project_id,
                number=0,
                finding=finding,
                opened_at=now,
                opened_in=finding.source,
                changed_at=now,
                actor=ITSELF,
            )
        )
        self._tell(transaction, Reason.EVALUATION_BACKLOG_CREATED, entry, finding.seen)

    def _see_again(
        self,
        transaction: Transaction,
        entry: BacklogEntry,
        finding: BacklogFinding,
        progress: Mapping[int, Progress],
    ) -> None:
        """Keep what it is like now; what a run had closed is open again, what a person has closed is not."""
        if entry.state is not BacklogState.CLOSED:
            said = progress[entry.number].said if entry.number in progress else entry.progress
            transaction.backlog.put(entry.model_copy(update={"finding": finding, "progress": said}))
        elif entry.actor == ITSELF and finding.source != entry.finding.source:
            changes = {
                "finding": finding,
                "opened_in": finding.source,
                "opened_at": self._ports.clock.now(),
                "num_returns": entry.num_returns + 1,
                "progress": "",
            }
            returned = entry.model_copy(update=changes)
            note = f"it is back in {finding.source}: {finding.seen}"
            self._put(transaction, returned, BacklogState.OPEN, note=note, actor=ITSELF)

    def _miss(self, transaction: Transaction, entry: BacklogEntry, newest: _Newest) -> None:
        """Close what is mended; what is only not found stays, with how it compares."""
        if entry.number in newest.progress:
            seen = newest.progress[entry.number]
            entry = entry.model_copy(update={"progress": seen.said})
            if not seen.is_mended:
                transaction.backlog.put(entry)
                return
            why = seen.said
        else:
            why = newest.gone.get(entry.finding.kind, "")
        if why:
            self._put(transaction, entry, BacklogState.CLOSED, note=why, actor=ITSELF)

    def _put(
        self,
        transaction: Transaction,
        entry: BacklogEntry,
        state: BacklogState,
        *,
        note: str,
        actor: str,
        job_id: JobId | None = None,
    ) -> BacklogEntry:
        """Write a change of state, and its event."""
        changes = {"state": state, "note": note, "actor": actor, "changed_at": self._ports.clock.now()}
        made = transaction.backlog.put(entry.model_copy(update={**changes, "job_id": job_id or entry.job_id}))
        self._tell(transaction, _REASONS[state], made, note)
        return made

    def _tell(self, transaction: Transaction, reason: Reason, entry: BacklogEntry, why: str) -> None:
        finding = entry.finding
        payload = BacklogChanged(
            number=entry.number,
            key=finding.key,
            state=entry.state,
            title=finding.title,
            why=why,
            evidence=tuple(f"{one.kind} {one.id}" for one in finding.evidence),
        )
        summary = f"Backlog {entry.number} is {entry.state}: {finding.title}. {why}"
        origin = Origin(project_id=entry.project_id, run_id=RunId(f"project-{entry.project_id}"), actor=entry.actor)
        emit_event(transaction, Draft(reason, summary, payload), origin=origin, occurred_at=entry.changed_at)


_REASONS = {
    BacklogState.OPEN: Reason.EVALUATION_BACKLOG_RETURNED,
    BacklogState.TAKEN: Reason.EVALUATION_BACKLOG_STARTED,
    BacklogState.CLOSED: Reason.EVALUATION_BACKLOG_RESOLVED,
}


def _refuse_unless(entry: BacklogEntry, state: BacklogState) -> None:
    if state not in BACKLOG_TRANSITIONS[entry.state]:
        message = f"backlog entry {entry.number} of project {entry.project_id} is {entry.state} already ({entry.note})"
        hint = "reopen it first" if entry.state is BacklogState.CLOSED else "there is nothing to change"
        raise ConflictError(f"{message}; {hint}" if entry.note else f"{message.rpartition(' (')[0]}; {hint}")


def _addressed(finding: BacklogFinding, project_id: ProjectId) -> BacklogFinding:
    return finding.model_copy(update={"action": finding.action.replace("{project}", str(project_id))})


def _reports_of(entries: Sequence[BacklogEntry], shelf: Shelf, ports: Ports) -> Iterator[tuple[str, SeenReport]]:
    """Read the evaluations in which entries of rows were opened; one that cannot be read compares with nothing."""
    wanted = {one.opened_in for one in entries if one.finding.kind in {"slice", "rows"}}
    for report_id in sorted(wanted):
        try:
            yield report_id, SeenReport.read(shelf.read(EvalReport, ArtifactId(report_id)), shelf, ports.tables)
        except BrewError:
            continue


def _recipe_of(transaction: Transaction, training: Job) -> Recipe | None:
    """Return what a training was to be trained by; None where its plan is not there."""
    try:
        record = transaction.artifacts.get(training.project_id, ArtifactId(str(training.payload.get("readiness_id"))))
    except NotFoundError:
        return None
    return Readiness.model_validate(record.body).plan.recipe
