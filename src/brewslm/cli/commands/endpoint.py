"""`brewslm endpoint …`: who answers, how fast, and what was asked."""

from typing import Annotated

import typer

from brewslm.cli import options

app = typer.Typer(help="A project's endpoint: who answers, how fast, and what was asked.", no_args_is_help=True)

Hours = Annotated[float, typer.Option("--hours", min=0.01, help="Of so many hours up to now.")]


@app.command("status")
def status(project: options.ProjectId, hours: Hours = 24.0, as_json: options.AsJson = False) -> None:
    """Show which release answers, and latency, speed and errors of the last hours."""
    from brewslm.cli.render.serving.endpoint import status_page
    from brewslm.cli.session import open_session
    from brewslm.services.endpoint.status import status_of

    session = open_session(is_json=as_json)
    found = status_of(session.house.releases, session.house.requests, options.id_of(project), hours=hours)
    session.answer(found, *status_page(found))


@app.command("log")
def log(
    project: options.ProjectId,
    hours: Hours = 24.0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """List requests: lengths, times, likelihoods; text only where `config/endpoints.yaml` asks for it."""
    from datetime import timedelta

    from brewslm.cli.render.serving.endpoint import request_table
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    found = session.house.requests.since(options.id_of(project), timedelta(hours=hours), limit=limit)
    session.answer(found, request_table(found) if found else f"Nothing was asked in the last {hours:g} hours.")
