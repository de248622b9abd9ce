"""`brewslm drift …`: whether an endpoint is still what it was when its release was promoted."""

from typing import TYPE_CHECKING

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.bootstrap.settings import Settings
    from brewslm.services.endpoint.drift import DriftReport

app = typer.Typer(help="Drift of an endpoint: what it answers, and what it is asked.", no_args_is_help=True)

CHECK_SECONDS = 600.0


@app.command("check")
def check(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """Check now: the golden prompts on the live endpoint, and its traffic against its first time."""
    from brewslm.cli.render.serving.endpoint import drift_page
    from brewslm.cli.session import open_session
    from brewslm.core.errors import NotFoundError

    session = open_session(is_json=as_json)
    try:
        report = _by_server(session.settings, project)
    except NotFoundError:
        session.note("note: no server runs, so the golden prompts cannot be asked; only the traffic is looked at.")
        report = session.house.drift.check(options.id_of(project))
    session.answer(report, *drift_page(report))
    raise typer.Exit(1 if report.verdict == "drift" else 0)


@app.command("show")
def show(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """Show what the last check found."""
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.render.serving.endpoint import drift_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    session.house.projects.get(options.id_of(project))
    report = session.house.drift.last(options.id_of(project))
    if report is None:
        session.answer(
            None, "There was no check yet.", next_steps((f"brewslm drift check --project {project}", "check now"))
        )
        return
    session.answer(report, *drift_page(report))


def _by_server(settings: "Settings", project: int) -> "DriftReport":
    """Have the server check, whose processes answer.

    Raises:
        NotFoundError: none runs.
        BrewError: it refuses.
    """
    import httpx2

    from brewslm.bootstrap.access import server_address, token_of
    from brewslm.core.errors import BrewError, WorkspaceError
    from brewslm.services.endpoint.drift import DriftReport

    address = server_address(settings)
    headers = {"Authorization": f"Bearer {token_of(settings)}"}
    try:
        answer = httpx2.post(
            f"{address}/api/projects/{project}/drift/check", headers=headers, timeout=CHECK_SECONDS, trust_env=False
        )
    except httpx2.HTTPError as error:
        raise WorkspaceError(f"the server at {address} did not answer ({error}); look at its log") from error
    if answer.status_code != 200:
        raise BrewError(str(answer.json()["error"]["message"]))
    return DriftReport.model_validate_json(answer.content)
