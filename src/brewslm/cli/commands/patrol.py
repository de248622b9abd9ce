"""`brewslm patrol`: rounds over every running training, for cron, systemd, or a terminal that stays open."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.job import Job
    from brewslm.services.monitoring.rounds import TakeUp

EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}


def patrol(
    is_once: Annotated[bool, typer.Option("--once", help="Walk one round, and end with its verdict.")] = False,
    is_daemon: Annotated[bool, typer.Option("--daemon", help="Stay, and look every few seconds.")] = False,
    within: Annotated[
        int | None,
        typer.Option("--next-within", min=1, metavar="MINUTES", help="Report it if no round follows by then."),
    ] = None,
    is_hint: Annotated[bool, typer.Option("--install-hint", help="Show lines for cron and systemd.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Look at every running training, whoever stands beside it, and take up again what was abandoned.

    Exit codes: 0 ok, 1 warning, 2 critical, 3 unknown.
    """
    if is_hint:
        from brewslm.cli.render.patrol import install_hint

        print(install_hint())
        return
    if is_once == is_daemon:
        raise typer.BadParameter("choose one of --once and --daemon", param_hint="patrol")
    if within is not None and is_daemon:
        raise typer.BadParameter("only --once ends and is started again", param_hint="--next-within")
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    if is_daemon:
        _stay(session)
        return
    _walk_once(session, within)


def _walk_once(session: "Session", within: int | None) -> None:
    from brewslm.cli.render.patrol import round_page
    from brewslm.services.monitoring.patrol import TIMED_NAME

    if within is not None:
        session.house.watchers.beat(TIMED_NAME, due_within_seconds=60.0 * within, is_process=False)
    walked = session.house.patrol.walk(take_up=_taking_up(session.settings.logs))
    session.answer(walked, *round_page(walked))
    raise typer.Exit(EXIT_CODES[walked.verdict])


def _stay(session: "Session") -> None:
    """Walk until SIGINT or SIGTERM."""
    import signal

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    session.note("The patrol watches the trainings of this workspace; Ctrl-C ends it.")
    session.house.patrol.serve(stop, take_up=_taking_up(session.settings.logs))


def _taking_up(logs: Path) -> "TakeUp":
    from brewslm.cli import background

    def take_up(job: "Job") -> None:
        background.start(job, logs)

    return take_up
