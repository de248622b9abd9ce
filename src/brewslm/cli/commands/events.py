"""`brewslm events`: what has happened, in order; and as a file."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from brewslm.cli.session import Session
    from brewslm.core.events.base import RunEvent

LOOK_EVERY_SECONDS = 0.5
_PAGE = 1000


app = typer.Typer(help="What has happened, in order.", invoke_without_command=True)


@app.callback()
def events(
    context: typer.Context,
    project: options.AnyProject = None,
    run: options.OfRun = None,
    severity: options.OfSeverity = None,
    stage: options.OfStage = None,
    reason: options.OfReason = None,
    actor: options.OfActor = None,
    text: options.OfText = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")] = 50,
    is_followed: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C; JSON is one line each.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show RunEvents, the oldest first."""
    if context.invoked_subcommand is not None:
        return
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    choice = options.choice_of_events(
        session.house,
        project=project,
        run=run,
        severity=severity,
        stage=stage,
        reason=reason,
        actor=actor,
        text=text,
        since=since,
        until=until,
    )
    found = session.house.jobs.newest_events(choice, limit=limit)
    if not is_followed:
        if session.is_json:
            session.answer(found)
        elif found:
            _print(session, found)
        else:
            session.note("There is no such event.")
        return
    seq = 0
    while True:
        _print(session, found)
        seq = found[-1].seq if found else seq
        time.sleep(LOOK_EVERY_SECONDS)
        found = session.house.jobs.following_events(choice, after_seq=seq)


@app.command("export")
def export(
    project: options.AnyProject = None,
    run: options.OfRun = None,
    severity: options.OfSeverity = None,
    stage: options.OfStage = None,
    reason: options.OfReason = None,
    actor: options.OfActor = None,
    text: options.OfText = None,
    since: options.Since = None,
    until: options.Until = None,
    form: Annotated[choices.EventFormat, typer.Option("--format", help="jsonl, or csv for a spreadsheet.")] = "jsonl",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write; stdout by default.")
    ] = None,
) -> None:
    """Write events to a file or to stdout, one a line, with the hashes of their chain; all where none are chosen."""
    from brewslm.cli.session import open_session
    from brewslm.services.audit.exporting import exported_events

    session = open_session()
    choice = options.choice_of_events(
        session.house,
        project=project,
        run=run,
        severity=severity,
        stage=stage,
        reason=reason,
        actor=actor,
        text=text,
        since=since,
        until=until,
    )
    lines = exported_events(session.house.jobs, choice, form=form)
    if output is None:
        for line in lines:
            print(line, end="")
        return
    num_events = write_lines(output, lines) - (form == "csv")
    session.note(f"{num_events:,} events are in {output}")


def write_lines(path: Path, lines: "Iterable[str]") -> int:
    """Write a file that appears when it is whole, and return the number of its lines.

    Raises:
        InvalidRequestError: it cannot be written there.
    """
    from brewslm.core.errors import InvalidRequestError

    aside = path.with_name(f".{path.name}.part")
    number = 0
    try:
        with aside.open("w", encoding="utf-8", newline="") as file:
            for line in lines:
                file.write(line)
                number += 1
        aside.replace(path)
    except OSError as error:
        message = f"{str(path)!r} cannot be written ({error.strerror}); name another file with --output"
        raise InvalidRequestError(message) from error
    finally:
        aside.unlink(missing_ok=True)
    return number


def _print(session: "Session", found: "Iterable[RunEvent]") -> None:
    from brewslm.cli.render.records import event_line

    for event in found:
        if session.is_json:
            print(json.dumps(json.loads(event.model_dump_json())), flush=True)
        else:
            session.out.print(event_line(event), soft_wrap=True)
