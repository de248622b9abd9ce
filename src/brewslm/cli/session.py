"""One command's hold on the house: open it, ask for work, follow it, and print what came out."""

import json
import logging
import os
import re
import sys
from dataclasses import asdict, dataclass, field, is_dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console, RenderableType

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings, read_settings
from brewslm.cli import background
from brewslm.core.artifacts.base import Artifact
from brewslm.core.engines.names import EngineName
from brewslm.core.errors import BrewError, InvalidRequestError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import Job, JobKind, JobStatus
from brewslm.core.outcome.approval import GateState
from brewslm.core.value import Value
from brewslm.services.shelf import ProjectShelf

ArtifactT = TypeVar("ArtifactT", bound=Artifact)

_PIPE_WIDTH = 120
_LOG_BYTES = 2_000_000
_TRAILING_SPACES = re.compile(r"[ \t]+(?=\n|\Z)")


@dataclass(frozen=True, slots=True)
class Session:
    """The house, and where this command's words go: results to `out`, progress and notes to `err`."""

    house: House
    is_json: bool
    out: Console = field(default_factory=lambda: console_for(is_stderr=False))
    err: Console = field(default_factory=lambda: console_for(is_stderr=True))

    @property
    def settings(self) -> Settings:
        """Where the workspace is."""
        return self.house.settings

    def shelf(self, project_id: ProjectId) -> ProjectShelf:
        """A project's artifacts and files."""
        return ProjectShelf(self.house.ports.storage, self.house.ports.store, project_id)

    def do(
        self, project_id: ProjectId, kind: JobKind, request: Value, *, priority: int = 0, engine: EngineName = "local"
    ) -> Job:
        """Queue work, do it here (or wait for the server that took it), show it, and return it completed.

        Raises:
            BrewError: it failed or was cancelled; the text is the job's own.
            typer.Exit: the user wants it done in the background; this was said.
        """
        return self.carry_out(self.house.jobs.submit(project_id, kind, request, priority=priority, engine=engine))

    def carry_out(self, job: Job) -> Job:
        """Do a queued job here (or wait for the server that took it), show it, and return it completed.

        Raises:
            BrewError: it failed or was cancelled; the text is the job's own.
            typer.Exit: the user wants it done in the background, or it was set aside; this was said.
        """
        from brewslm.cli.progress.follow import follow

        if background.is_wanted.get():
            raise self._left_behind(job)
        return completed(follow(self.house, self.err, job.id))

    def leave_queued(self, job: Job) -> None:
        """Say who may do a job that is left in the queue."""
        from brewslm.cli.render.parts import next_steps

        self.answer(
            {"job": job},
            f"Job {job.id} is queued.",
            next_steps(
                (f"brewslm jobs watch {job.id}", "do it here, or watch the server that does it"),
                ("brewslm serve", "let a server do it"),
            ),
        )

    def next_steps(self, job: Job, *steps: tuple[str, str]) -> RenderableType:
        """Draw what can be done after a stage run: the steps, or, where a person is to look first, only that."""
        from brewslm.cli.render.parts import next_steps

        waits = any(gate.state is GateState.WAITING for gate in self.house.gates.all_of_job(job.id))
        approve = (f"brewslm gates approve {job.id}", "let it pass; until then no later stage may use it")
        return next_steps(*([approve] if waits else steps))

    def _left_behind(self, job: Job) -> typer.Exit:
        log = background.start(job, self.settings.logs)
        watch = f"brewslm jobs watch {job.id}"
        self.answer(
            {"job": job, "log": log},
            f"Job {job.id} ({job.kind}) goes on in the background; `{watch}` shows it, {log} keeps what it says.",
        )
        return typer.Exit(0)

    def note(self, text: str) -> None:
        """Say something beside the result."""
        from brewslm.cli.text import one_line

        self.err.print(one_line(text), markup=False, highlight=False, soft_wrap=True)

    def show(self, *parts: RenderableType) -> None:
        """Print the result for people."""
        print_parts(self.out, *parts)

    def answer(self, data: object, *parts: RenderableType) -> None:
        """Print the result: as JSON where that was asked for, else for people."""
        if self.is_json:
            print_json(data)
        else:
            self.show(*parts)


def open_session(*, is_json: bool = False) -> Session:
    """Open the workspace that the environment names.

    Raises:
        BrewError: the settings or the workspace cannot be used.
    """
    settings = read_settings()
    house = open_house(settings, actor="cli")
    _keep_log(settings.logs)
    session = Session(house=house, is_json=is_json)
    for watcher in house.watchers.all():
        if watcher.is_lost:
            session.note(
                f"note: the {watcher.name} gave no sign of life since {watcher.beat_at:%Y-%m-%d %H:%M} UTC, so nobody "
                "watches the trainings; start `brewslm serve`, or see to the timer of `brewslm patrol --once`."
            )
    return session


def completed(job: Job) -> Job:
    """Return the job if it completed.

    Raises:
        BrewError: it failed or was cancelled.
    """
    if job.status is JobStatus.COMPLETED:
        return job
    raise BrewError(job.error or f"job {job.id} ended as {job.status}", reason=job.reason)


def product(session: Session, job: Job, model: type[ArtifactT]) -> ArtifactT:
    """Return what a completed job made."""
    return session.shelf(job.project_id).read(model, made_by(job))


def made_by(job: Job) -> ArtifactId:
    """Return the id of what a completed job made."""
    if job.artifact_id is None:
        message = f"job {job.id} made nothing; look at it with `brewslm jobs show {job.id}`"
        raise BrewError(message)
    return job.artifact_id


def told(job: Job, artifact: Artifact, **more: object) -> dict[str, object]:
    """Return the JSON answer of a command that did work: the job, and what it made."""
    return {"job": job, "artifact": {"id": artifact.id, "kind": artifact.kind, "body": artifact}, **more}


def print_parts(console: Console, *parts: RenderableType) -> None:
    """Print parts of a page, one under the other."""
    with console.capture() as captured:
        for part in parts:
            console.print(part, markup=False, highlight=False)
    # Tables fill their last column with spaces, which are in the way of whoever copies or compares the text.
    console.file.write(_TRAILING_SPACES.sub("", captured.get()))
    console.file.flush()


def print_json(data: object) -> None:
    """Write one JSON document to stdout. Numbers that are not finite travel as null."""
    print(json.dumps(_plain(data), indent=2, allow_nan=False))


def validated(model: type[Value], /, **fields: Any) -> Any:  # noqa: ANN401 - an instance of `model`
    """Build a request from options.

    Raises:
        InvalidRequestError: an option has a value that the model refuses; all of them at once.
    """
    from pydantic import ValidationError

    try:
        return model(**fields)
    except ValidationError as error:
        problems = "; ".join(
            (f"{'.'.join(map(str, one['loc']))}={one['input']!r}: " if one["loc"] else "")
            + one["msg"].removeprefix("Value error, ")
            for one in error.errors()
        )
        raise InvalidRequestError(f"{problems}; correct it and run again") from error


def _plain(data: object) -> object:
    if is_dataclass(data) and not isinstance(data, type):
        data = asdict(data)
    match data:
        case Value():
            return json.loads(data.model_dump_json())
        case dict():
            return {str(key): _plain(value) for key, value in data.items()}
        case list() | tuple():
            return [_plain(value) for value in data]
        case Path():
            return str(data)
        case float():
            return data if data - data == 0 else None
        case _:
            return data


def console_for(*, is_stderr: bool) -> Console:
    """Return a console for stdout or stderr; what goes into a pipe is wider than a small terminal."""
    stream = sys.stderr if is_stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(stderr=is_stderr, width=width, highlight=False, emoji=False, markup=False)


def _keep_log(folder: Path) -> None:
    """Keep what the services log, so that a traceback can be read later."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = RotatingFileHandler(folder / "cli.log", maxBytes=_LOG_BYTES, backupCount=1, delay=True)
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    logging.getLogger("brewslm").handlers = [handler]
