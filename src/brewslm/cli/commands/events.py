"""`brewslm events`: what has happened, in order."""

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from brewslm.cli.session import Session
    from brewslm.core.events.base import RunEvent
    from brewslm.core.ids import ProjectId, RunId

LOOK_EVERY_SECONDS = 0.5
_PAGE = 1000


def events(
    project: options.AnyProject = None,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only this run, e.g. train-7.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 50,
    is_followed: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C; JSON is one line each.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show RunEvents, the oldest first."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId, RunId

    session = open_session(is_json=as_json)
    project_id = ProjectId(project) if project is not None else None
    if project_id is not None:
        session.house.projects.get(project_id)
    run_id = RunId(run) if run is not None else None
    found = _newest(session, project_id, run_id, limit)
    if not is_followed:
        if session.is_json:
            session.answer(found)
        else:
            _print(session, found)
        return
    seq = 0
    while True:
        _print(session, found)
        seq = found[-1].seq if found else seq
        time.sleep(LOOK_EVERY_SECONDS)
        found = session.house.jobs.events(project_id=project_id, run_id=run_id, after_seq=seq)


def _newest(
    session: "Session", project_id: "ProjectId | None", run_id: "RunId | None", limit: int
) -> "tuple[RunEvent, ...]":
    if run_id is None:
        return session.house.jobs.newest_events(project_id=project_id, limit=limit)
    return session.house.jobs.events(project_id=project_id, run_id=run_id, limit=100_000)[-limit:]


def _print(session: "Session", found: "Iterable[RunEvent]") -> None:
    from brewslm.cli.render.records import event_line

    for event in found:
        if session.is_json:
            print(json.dumps(json.loads(event.model_dump_json())), flush=True)
        else:
            session.out.print(event_line(event), soft_wrap=True)
