"""`Client`: a running server, with the nouns of its API."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from pydantic import TypeAdapter

from brewslm.core import errors
from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.brew.trainer import BrewState
from brewslm.core.events.base import RunEvent
from brewslm.core.events.reasons import Reason
from brewslm.core.job import Job, JobStatus
from brewslm.core.outcome.results import Results
from brewslm.core.ports.storage import MetricRow
from brewslm.core.project import BUNDLED_BASE_MODEL, Project, Template
from brewslm.core.value import Value
from brewslm.services.projects import StageState
from brewslm.services.requests import AutopilotRequest, ImportRequest

DEFAULT_URL = "http://127.0.0.1:8000"
LOOK_SECONDS = 1.0
AnswerT = TypeVar("AnswerT")

_CLASSES: dict[int, type[errors.BrewError]] = {
    400: errors.InvalidRequestError,
    401: errors.WorkspaceError,
    403: errors.WorkspaceError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.InvalidRequestError,
    503: errors.WorkspaceError,
    507: errors.DiskFullError,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a live stream."""

    id: str
    """Give it as `after` to go on from here."""
    name: str
    """`training.log`, `checkpoint.saved`, `job.state`, `end`, …: docs/streams.md."""
    data: str
    """JSON."""


class Client:
    """A running server. Every answer is typed; every refusal is raised as the error that the server had.

    A client on the same machine needs no token, unless the server was started with `--require-token`.
    """

    def __init__(self, url: str = DEFAULT_URL, token: str | None = None, *, timeout_seconds: float = 30.0) -> None:
        """Name the server; nothing is sent yet."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout_seconds, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def projects(self) -> tuple[Project, ...]:
        """List all projects, by id."""
        return self._get(tuple[Project, ...], "/api/projects")

    def project(self, project_id: int) -> Project:
        """Return one project."""
        return self._get(Project, f"/api/projects/{project_id}")

    def create_project(
        self, name: str, *, template: Template = "general", base_model: str = BUNDLED_BASE_MODEL
    ) -> Project:
        """Create a project."""
        body = {"name": name, "template": template, "base_model": base_model}
        return self._post(Project, "/api/projects", body)

    def stages(self, project_id: int) -> tuple[StageState, ...]:
        """Say where a project stands in each of the eleven stages."""
        return self._get(tuple[StageState, ...], f"/api/projects/{project_id}/stages")

    def import_dataset(self, project_id: int, request: ImportRequest, *, key: str | None = None) -> Job:
        """Queue the reading of a source, stages 01 to 04. The same `key` gives the same job."""
        return self._post(Job, f"/api/projects/{project_id}/datasets/import", request, key=key)

    def train(self, project_id: int, request: AutopilotRequest | None = None, *, key: str | None = None) -> Job:
        """Queue a training with all that is missing before it, and its evaluation."""
        return self._post(Job, f"/api/projects/{project_id}/training/run", request or AutopilotRequest(), key=key)

    def jobs(
        self, *, project_id: int | None = None, statuses: Sequence[JobStatus] = (), text: str = "", limit: int = 100
    ) -> tuple[Job, ...]:
        """List jobs, the newest first."""
        query = {"project_id": project_id, "status": list(statuses), "q": text, "limit": limit}
        return self._get(_JobPage, "/api/jobs", query).jobs

    def job(self, job_id: int) -> Job:
        """Return one job."""
        return self._get(Job, f"/api/jobs/{job_id}")

    def wait(self, job_id: int, *, timeout_seconds: float | None = None) -> Job:
        """Wait until a job has ended, and return it.

        Raises:
            TimeoutError: it has not ended within the time; it goes on.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not (job := self.job(job_id)).status.is_final:
            if deadline is not None and time.monotonic() >= deadline:
                message = f"job {job_id} is {job.status} ({job.phase}) after {timeout_seconds:g} s; it goes on"
                raise TimeoutError(message)
            time.sleep(LOOK_SECONDS)
        return job

    def cancel(self, job_id: int) -> Job:
        """Ask a job to stop."""
        return self._post(Job, f"/api/jobs/{job_id}/cancel")

    def pause(self, job_id: int) -> Job:
        """Set a training aside at its next step."""
        return self._post(Job, f"/api/jobs/{job_id}/pause")

    def resume(self, job_id: int) -> Job:
        """Let a paused training go on."""
        return self._post(Job, f"/api/jobs/{job_id}/resume")

    def retry(self, job_id: int) -> Job:
        """Do a failed or cancelled job again, as a new job."""
        return self._post(Job, f"/api/jobs/{job_id}/retry")

    def metrics(self, job_id: int, *, after: int = 0, kind: str | None = None) -> tuple[MetricRow, ...]:
        """List the journal of a job's worker after a sequence number, 10,000 records at most."""
        return self._get(tuple[MetricRow, ...], f"/api/jobs/{job_id}/metrics", {"after": after, "kind": kind})

    def results(self, job_id: int) -> Results:
        """Tell what a training came to, beside its base."""
        return self._get(Results, f"/api/jobs/{job_id}/results")

    def artifacts(self, job_id: int) -> tuple[ArtifactRecord, ...]:
        """List what a job and its steps made, oldest first."""
        return self._get(tuple[ArtifactRecord, ...], f"/api/jobs/{job_id}/artifacts")

    def events(self, job_id: int) -> tuple[RunEvent, ...]:
        """List the RunEvents of a job and its steps."""
        return self._get(tuple[RunEvent, ...], f"/api/jobs/{job_id}/events")

    def follow(self, job_id: int, *, after: str | None = None) -> Iterator[Frame]:
        """Yield the frames of a job as they come, until it has ended; a broken connection is taken up again."""
        while True:
            headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
            try:
                with self._http.stream("GET", f"/api/jobs/{job_id}/events", headers=headers) as answer:
                    if answer.status_code == 204:
                        return
                    if answer.is_error:
                        answer.read()
                        raise error_of(answer)
                    for frame in frames_in(answer.iter_lines()):
                        yield frame
                        if frame.name == "end":
                            return
                        after = frame.id or after
            except httpx2.TransportError:
                time.sleep(LOOK_SECONDS)

    def manifest(self) -> BrewState:
        """Say what `brew.py` of the served folder asks for, and whether a run of it is in flight."""
        return self._get(BrewState, "/api/manifest")

    def _get(self, kind: type[AnswerT], path: str, query: Mapping[str, Any] | None = None) -> AnswerT:
        given = {name: value for name, value in (query or {}).items() if value not in (None, "", [])}
        return self._answer(kind, self._http.get(path, params=given))

    def _post(self, kind: type[AnswerT], path: str, body: object = None, *, key: str | None = None) -> AnswerT:
        data = body.model_dump(mode="json") if isinstance(body, Value) else body
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self._answer(kind, self._http.post(path, json=data, headers=headers))

    def _answer(self, kind: type[AnswerT], answer: httpx2.Response) -> AnswerT:
        if answer.is_error:
            raise error_of(answer)
        return TypeAdapter(kind).validate_json(answer.content)


class _JobPage(Value):
    jobs: tuple[Job, ...]
    next_before_id: int | None


def error_of(answer: httpx2.Response) -> errors.BrewError:
    """Return the error that an answer tells of."""
    kind = _CLASSES.get(answer.status_code, errors.BrewError)
    try:
        told = answer.json()["error"]
        return kind(str(told["message"]), reason=Reason(told["reason"]))
    except (ValueError, KeyError, TypeError):
        return kind(f"{answer.url} answered {answer.status_code}; is that a BrewSLM server?")


def frames_in(lines: Iterator[str]) -> Iterator[Frame]:
    """Read server-sent events; comments are signs of life, and left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield Frame(id=fields.get("id", ""), name=fields.get("event", "message"), data=fields["data"])
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
