"""`brewslm alerts …`: the channels that carry notifications away from here."""

from typing import Annotated

import typer

from brewslm.cli import options

app = typer.Typer(help="Channels that notifications are sent on: config/alerts.yaml.", no_args_is_help=True)


@app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List the channels, and how they have fared."""
    from brewslm.cli.render.alerts import channel_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    report = session.house.alerts.report()
    session.answer(report, *channel_page(report))


@app.command("validate")
def validate(as_json: options.AsJson = False) -> None:
    """Check the file, and whether every channel could be used from here; nothing is sent."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    report = session.house.alerts.report()
    problems = [f"{one.name}: {one.problem}" for one in report.channels if one.problem is not None]
    names = ", ".join(one.name for one in report.channels) or "no channel"
    unusable = f"; {len(problems)} of them cannot be used from here" if problems else ""
    session.answer(report, *problems, f"{report.source} has no mistakes. It names {names}{unusable}.")
    raise typer.Exit(1 if problems else 0)


@app.command("test")
def try_channels(
    channel: Annotated[str | None, typer.Argument(metavar="[CHANNEL]", help="All channels by default.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Send a test message on one channel or on all."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    results = session.house.alerts.test(channel)
    session.answer(results, *(f"{one.name}: {one.outcome}, {one.detail}" for one in results))
    raise typer.Exit(0 if all(one.outcome == "sent" for one in results) else 1)


@app.command("send")
def send(as_json: options.AsJson = False) -> None:
    """Send what is due, as a server does by itself."""
    from brewslm.cli.session import open_session
    from brewslm.core.finding import counted

    session = open_session(is_json=as_json)
    num_sent = session.house.alerts.send()
    waiting = sum(one.num_waiting for one in session.house.alerts.report().channels)
    told = f"{counted(num_sent, 'message')} sent; {counted(waiting, 'notification waits', 'notifications wait')}."
    session.answer({"num_sent": num_sent, "num_waiting": waiting}, told)


@app.command("init")
def init(as_json: options.AsJson = False) -> None:
    """Write config/alerts.yaml with every channel explained, to be changed."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    path = session.house.alerts.begin_file()
    session.answer(
        {"path": path}, f"Wrote {path}. Edit it, then run `brewslm alerts validate` and `brewslm alerts test`."
    )
