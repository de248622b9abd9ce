"""Drift checks: on schedule and on demand, golden replay on the live endpoint and traffic against its first time."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.release import Release
from brewslm.core.data.example import Example
from brewslm.core.drift.golden import GoldenAnswer, Reference, replayed, tolerance_of
from brewslm.core.drift.traffic import MAX_REQUESTS, DriftCheck, Verdict, compare, worst
from brewslm.core.errors import BrewError, ConflictError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.deployment import DriftDetected
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ProjectId, RunId
from brewslm.core.patrol.cron import Cron
from brewslm.core.project import Project
from brewslm.core.release import ReleaseRow, ReleaseState
from brewslm.core.serving.host import EndpointFiles, RequestLog
from brewslm.core.value import Value
from brewslm.services.endpoint.fleet import Fleet
from brewslm.services.endpoint.routing import Lease
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event
from brewslm.services.releases.book import Releases
from brewslm.services.shelf import ProjectShelf

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
MAX_PROMPTS = 32
"""A replay takes seconds, not minutes, of a small model."""
MAX_TOKENS = 48
REPORT_FILE = "drift.json"


class Asker(Protocol):
    """Asks a serving process."""

    def ask(self, lease: Lease, prompt: str, *, max_tokens: int) -> GoldenAnswer:
        """Return the greedy answer.

        Raises:
            WorkerError: it gave none.
        """


class DriftReport(Value):
    """What one round found."""

    project_id: ProjectId
    version: int
    at: datetime
    verdict: Verdict
    checks: tuple[DriftCheck, ...]


class DriftWatch:
    """Looks whether endpoints are what they were."""

    def __init__(
        self, ports: Ports, releases: Releases, fleet: Fleet, files: EndpointFiles, kept: RequestLog, *, asker: Asker
    ) -> None:
        """Bind it."""
        self._ports = ports
        self._releases = releases
        self._fleet = fleet
        self._files = files
        self._kept = kept
        self._asker = asker
        self._captured: dict[ProjectId, str] = {}

    def serve(self, stop: threading.Event) -> None:
        """Capture what is new, and check on schedule, until told to stop."""
        checked_at = self._ports.clock.now()
        while not stop.wait(LOOK_SECONDS):
            try:
                self._each(self._capture_if_new)
                now = self._ports.clock.now()
                if Cron(self._fleet.settings.drift_cron).is_due(checked_at, now):
                    checked_at = now
                    self._each(self._check_on_schedule)
            except BrewError:
                log.exception("the endpoints could not be checked for drift; trying again")

    def last(self, project_id: ProjectId) -> DriftReport | None:
        """What the last round found."""
        kept = self._files.read(project_id, REPORT_FILE)
        return DriftReport.model_validate_json(kept) if kept is not None else None

    def check(self, project_id: ProjectId) -> DriftReport:
        """Look now, keep what was found, and record it where it is drift.

        Raises:
            NotFoundError: there is no such project, or nothing of it is live.
        """
        row = self._live(project_id)
        if row is None:
            message = f"nothing of project {project_id} is live, so there is nothing to check; promote a release"
            raise NotFoundError(message)
        answers, why_not = self._replay(row)
        reference = self._reference(row)
        tolerance = tolerance_of(self._releases.bundle_of(row).dtype)
        golden = replayed(reference, answers, tolerance=tolerance, why_not=why_not)
        checks = (golden, *self._traffic(row))
        report = DriftReport(
            project_id=project_id,
            version=row.version,
            at=self._ports.clock.now(),
            verdict=worst(checks),
            checks=checks,
        )
        before = self.last(project_id)
        self._files.write(project_id, REPORT_FILE, report.model_dump_json().encode())
        if report.verdict == "drift" and not _is_same(before, report):
            self._tell(report)
        return report

    def _check_on_schedule(self, project: Project, row: ReleaseRow) -> None:
        report = self.check(project.id)
        golden = report.checks[0]
        if golden.verdict == "drift" and self._fleet.settings.is_rollback_automatic:
            why = f"golden replay failed: {golden.said}"
            try:
                self._releases.rollback(project.id, reason=why)
            except ConflictError:
                log.exception("v%d of project %d cannot be taken back by itself", row.version, project.id)

    def _each(self, do: Callable[[Project, ReleaseRow], None]) -> None:
        for routes in self._fleet.routing.routes().values():
            unit = routes.live
            if unit is not None and unit.is_up and unit.row.state is ReleaseState.LIVE:
                do(unit.project, unit.row)

    def _live(self, project_id: ProjectId) -> ReleaseRow | None:
        rows = self._releases.list(project_id)
        return next((row for row in rows if row.state is ReleaseState.LIVE), None)

    def _capture_if_new(self, project: Project, row: ReleaseRow) -> None:
        """Keep how a release answers as soon as it does: what it is compared with later."""
        file = _reference_file(row)
        if self._captured.get(project.id) == file:
            return
        if self._reference(row) is not None:
            self._captured[project.id] = file
        else:
            answers, _ = self._replay(row)
            if answers:
                kept = Reference(version=row.version, answers=tuple(answers)).model_dump_json().encode()
                self._files.write(project.id, file, kept)

    def _reference(self, row: ReleaseRow) -> Reference | None:
        kept = self._files.read(row.project_id, _reference_file(row))
        return Reference.model_validate_json(kept) if kept is not None else None

    def _replay(self, row: ReleaseRow) -> tuple[list[GoldenAnswer], str]:
        """Ask the live release all golden prompts; where it cannot be asked, say why."""
        with self._ports.storage.read() as transaction:
            name = transaction.projects.get(row.project_id).name
        answers: list[GoldenAnswer] = []
        for prompt in self._prompts(row):
            try:
                lease = self._fleet.routing.take(f"{name}@v{row.version}", row.project_id, "drift")
            except NotFoundError:
                lease = None
            if lease is None:
                return [], "the release is not being served by this process; run `brewslm serve`"
            try:
                answers.append(self._asker.ask(lease, prompt, max_tokens=MAX_TOKENS))
            except BrewError as error:
                return [], str(error)
            finally:
                self._fleet.routing.give_back(lease)
        return answers, ""

    def _prompts(self, row: ReleaseRow) -> tuple[str, ...]:
        """The prompts of the smoke test, and of the newest golden set."""
        shelf = ProjectShelf(self._ports.storage, self._ports.store, row.project_id)
        found = [smoke.prompt for smoke in shelf.read(Release, row.release_id).smoke]
        goldens = shelf.all(Golden)
        if goldens:
            file = shelf.path(goldens[-1].files[0].path)
            for example in self._ports.tables.each(file, Example):
                turns = [one.content for one in example.messages if one.role == "user"]
                found += turns[:1]
                if len(found) >= MAX_PROMPTS:
                    break
        return tuple(dict.fromkeys(found))[:MAX_PROMPTS]

    def _traffic(self, row: ReleaseRow) -> tuple[DriftCheck, ...]:
        """The release's first requests against its newest; no request is on both sides."""
        since = row.live_at or row.created_at
        kept = [one for one in self._kept.since(row.project_id, since) if one.version == row.version and one.key_id]
        answered = [one for one in kept if one.status == 200]
        size = min(MAX_REQUESTS, len(answered) // 2)
        return compare(answered[:size], answered[len(answered) - size :])

    def _tell(self, report: DriftReport) -> None:
        drifted = [check for check in report.checks if check.verdict == "drift"]
        said = "; ".join(f"{check.name}: {check.said}" for check in drifted)
        summary = f"v{report.version} of project {report.project_id} has drifted: {said}"
        payload = DriftDetected(version=report.version, checks=tuple(f"{one.name}: {one.said}" for one in drifted))
        origin = Origin(project_id=report.project_id, run_id=RunId(f"project-{report.project_id}"), actor="drift")
        draft = Draft(reason=Reason.DEPLOYMENT_DRIFT_DETECTED, summary=summary, payload=payload)
        with self._ports.storage.write() as transaction:
            emit_event(transaction, draft, origin=origin, occurred_at=report.at)


def _is_same(before: DriftReport | None, now: DriftReport) -> bool:
    """Whether the last round told the same already."""
    return before is not None and before.version == now.version and _drifted(before.checks) == _drifted(now.checks)


def _drifted(checks: Sequence[DriftCheck]) -> set[str]:
    return {check.name for check in checks if check.verdict == "drift"}


def _reference_file(row: ReleaseRow) -> str:
    """Of one time live: a release that is promoted again is compared with itself as it is then."""
    return f"reference-v{row.version}-{(row.live_at or row.created_at):%Y%m%dT%H%M%S}.json"
