"""Support bundles: one zip that opens without BrewSLM, and links that give one out once."""

import hashlib
import json
import secrets
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from brewslm.core.errors import NotFoundError
from brewslm.core.events.base import RunEvent
from brewslm.core.events.choice import EventChoice
from brewslm.core.ids import JobId, ProjectId
from brewslm.core.job import Job
from brewslm.core.value import Value
from brewslm.core.wire import rundir
from brewslm.services.audit.clusters import FailureClusters
from brewslm.services.audit.timeline import Timelines
from brewslm.services.jobs.queue import Jobs
from brewslm.services.ports import Ports
from brewslm.services.support.facts import SupportFacts
from brewslm.services.support.page import Contents, index_page
from brewslm.services.support.redaction import Redactor

DAYS = 7
MAX_EVENTS = 2000
TAIL_BYTES = 500_000
"""Of every log and file, so much of the end."""
LINK_SECONDS = 600.0
MAX_OFFERS = 4
"""Only the newest few wait to be fetched."""
_KEY_BYTES = 32
_OF_EXPERIMENT = (
    rundir.CONFIG_FILE,
    rundir.RESULTS_FOR_PEOPLE_FILE,
    rundir.RESULT_FILE,
    rundir.FAILURE_FILE,
    rundir.RECOVERY_FILE,
    rundir.DESIGN_PROBLEM_FILE,
)


class BundleReport(Value):
    """A bundle that was made."""

    size_bytes: int
    sha256: str
    files: tuple[str, ...]
    redacted: dict[str, int]
    """What was taken out: how often, by kind."""


class BundleLink(Value):
    """Where a bundle can be fetched, once."""

    path: str
    """On this server."""
    good_for_seconds: float
    bundle: BundleReport


@dataclass(frozen=True, slots=True)
class _Offer:
    path: Path
    good_until: float
    """By the monotonic clock."""


class SupportBundles:
    """Makes them. Changes nothing else."""

    def __init__(
        self,
        ports: Ports,
        jobs: Jobs,
        *,
        failures: FailureClusters,
        timeline: Timelines,
        folder: Path,
        facts: Callable[[], SupportFacts],
    ) -> None:
        """Bind it.

        Args:
            ports: the outside world.
            jobs: where the logs of jobs are.
            failures: the clusters.
            timeline: the runs.
            folder: where bundles wait until they are fetched.
            facts: looks at the installation.
        """
        self._ports = ports
        self._jobs = jobs
        self._failures = failures
        self._timeline = timeline
        self._folder = folder
        self._facts = facts
        self._offers: dict[str, _Offer] = {}
        self._guard = threading.Lock()

    def write(self, path: Path, *, job_id: JobId | None = None) -> BundleReport:
        """Write a bundle to a file.

        Raises:
            NotFoundError: there is no such job.
        """
        job = self._jobs.get(job_id) if job_id is not None else None
        facts = self._facts()
        redactor = Redactor(facts.secrets, facts.own)
        files = dict(self._files(redactor, facts, job))
        files["redactions.json"] = _json(dict(sorted(redactor.counts.items())))
        contents = Contents(made_at=self._ports.clock.now(), num_days=DAYS, max_events=MAX_EVENTS, files=files)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in {"index.html": index_page(contents), **files}.items():
                archive.writestr(name, text)
        data = path.read_bytes()
        return BundleReport(
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            files=("index.html", *files),
            redacted=dict(sorted(redactor.counts.items())),
        )

    def offer(self, job_id: JobId | None = None) -> BundleLink:
        """Make a bundle and a link to it, which is good once and for ten minutes.

        Raises:
            NotFoundError: there is no such job.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = secrets.token_urlsafe(_KEY_BYTES)
        path = self._folder / f"{_name_of(key)}.zip"
        report = self.write(path, job_id=job_id)
        with self._guard:
            self._forget_old()
            self._offers[_name_of(key)] = _Offer(path, self._ports.clock.monotonic() + LINK_SECONDS)
            for name in list(self._offers)[:-MAX_OFFERS]:
                self._withdraw(name)
        return BundleLink(path=f"/api/support-bundles/{key}", good_for_seconds=LINK_SECONDS, bundle=report)

    def take(self, key: str) -> Path:
        """Return the bundle of a link and use the link up; who takes the file removes it.

        Raises:
            NotFoundError: the link is wrong, used, or too old.
        """
        with self._guard:
            self._forget_old()
            offer = self._offers.pop(_name_of(key), None)
        if offer is None:
            message = "this link gives nothing out: it is wrong, was used already, or is too old; make a new bundle"
            raise NotFoundError(message)
        return offer.path

    def _forget_old(self) -> None:
        """Remove bundles whose links are too old, and what an earlier server left behind."""
        now = self._ports.clock.monotonic()
        for name in [name for name, one in self._offers.items() if now >= one.good_until]:
            self._withdraw(name)
        oldest = self._ports.clock.now().timestamp() - LINK_SECONDS
        offered = {one.path for one in self._offers.values()}
        for path in self._folder.glob("*.zip"):
            if path not in offered and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _withdraw(self, name: str) -> None:
        self._offers.pop(name).path.unlink(missing_ok=True)

    def _files(self, redactor: Redactor, facts: SupportFacts, job: Job | None) -> Iterator[tuple[str, str]]:
        project_id = job.project_id if job is not None else None
        machine = self._ports.machine.facts().model_dump(mode="json")
        yield "versions.json", _json({"versions": facts.versions, "machine": redactor.value(machine)})
        yield "doctor.json", _json(redactor.value(list(facts.checks)))
        yield "settings.json", _json(redactor.value(facts.settings))
        shown = redactor.value(facts.environment)
        yield "environment.json", _json({"values": shown, "names_of_others": list(facts.other_variables)})
        events = self._events(project_id)
        yield "events.jsonl", "".join(f"{json.dumps(_redacted(redactor, event))}\n" for event in events)
        clusters = self._failures.page(project_id=project_id, limit=100)
        yield "failures.json", _json(redactor.value(clusters.model_dump(mode="json")))
        if job is None:
            runs = self._timeline.page(limit=50)
            yield "timeline.json", _json(redactor.value(runs.model_dump(mode="json")))
        for name, path in facts.files.items():
            yield name, redactor.text(_tail(path))
        if job is not None:
            yield from self._files_of(job, redactor)

    def _files_of(self, job: Job, redactor: Redactor) -> Iterator[tuple[str, str]]:
        yield "job/timeline.json", _json(redactor.value(self._timeline.of_job(job.id).model_dump(mode="json")))
        family = (job, *self._jobs.list(parent_id=job.id))
        for one in family:
            yield f"job/{one.run_id}.json", _json(redactor.value(one.model_dump(mode="json")))
        with suppress(NotFoundError):
            yield f"job/{rundir.WORKER_LOG_FILE}", redactor.text(_tail(self._jobs.worker_log_path(job.id)))
        with self._ports.storage.read() as transaction:
            experiments = transaction.experiments.list(job.project_id)
        own = {one.id for one in family}
        for experiment in experiments:
            folder = self._ports.store.project_folder(job.project_id) / "experiments" / experiment.folder_name
            for name in _OF_EXPERIMENT if experiment.job_id in own else ():
                path = folder / name
                if path.is_file() and not path.is_symlink():
                    yield f"job/{experiment.folder_name}/{name}", redactor.text(_tail(path))

    def _events(self, project_id: ProjectId | None) -> tuple[RunEvent, ...]:
        since = self._ports.clock.now() - timedelta(days=DAYS)
        with self._ports.storage.read() as transaction:
            return transaction.events.newest(EventChoice(project_id=project_id, since=since), limit=MAX_EVENTS)


def _redacted(redactor: Redactor, event: RunEvent) -> dict[str, Any]:
    """The event; what places it in its chain stays as it is, though the hash cannot be re-computed from this."""
    row: dict[str, Any] = event.model_dump(mode="json")
    return {**row, **{name: redactor.value(row[name], name=name) for name in ("actor", "summary", "payload")}}


def _tail(path: Path) -> str:
    """The end of a file, from the beginning of a line."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - TAIL_BYTES, 0))
            data = file.read(TAIL_BYTES)
    except OSError as error:
        return f"(cannot be read: {error.strerror})\n"
    if size > TAIL_BYTES:
        data = data.partition(b"\n")[2]
    return data.decode(errors="replace")


def _name_of(key: str) -> str:
    """What is kept of a key, so that nobody who sees the folder can ask for what lies there."""
    return hashlib.sha256(key.encode()).hexdigest()


def _json(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
