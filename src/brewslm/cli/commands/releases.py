"""`brewslm releases …`: which release answers clients, and who decided it."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.release import ReleaseRow

app = typer.Typer(help="Releases of a project: what answers its clients, and since when.", no_args_is_help=True)

Version = Annotated[str, typer.Argument(metavar="VERSION", help="Such as v2.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the decision.")]


@app.command("list")
def list_(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """List the releases of a project."""
    from brewslm.cli.render.parts import next_steps, table
    from brewslm.cli.session import open_session
    from brewslm.cli.text import when_short
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    rows = session.house.releases.list(ProjectId(project))
    if not rows:
        deploy_one = (f"brewslm deploy --project {project}", "register one")
        session.answer(rows, "There is no release yet.", next_steps(deploy_one))
        return
    shown = [
        (
            f"v{row.version}",
            f"{row.state} {row.canary_share:.0%}" if row.canary_share else str(row.state),
            row.release_id,
            when_short(row.created_at),
            row.reason,
        )
        for row in rows
    ]
    session.answer(rows, table(("version", "state", "release", "made at", "why"), shown))


@app.command("promote")
def promote(version: Version, project: options.ProjectId, reason: Reason, as_json: options.AsJson = False) -> None:
    """Make a release the one that answers clients; a running server switches without losing a request."""
    session, number = _opened(version, as_json=as_json)
    row = session.house.releases.promote(options.id_of(project), number, reason=reason)
    _tell(session, row, f"v{number} is live")


@app.command("reject")
def reject(version: Version, project: options.ProjectId, reason: Reason, as_json: options.AsJson = False) -> None:
    """Decide against a candidate."""
    session, number = _opened(version, as_json=as_json)
    row = session.house.releases.reject(options.id_of(project), number, reason=reason)
    _tell(session, row, f"v{number} was rejected")


@app.command("retire")
def retire(version: Version, project: options.ProjectId, reason: Reason, as_json: options.AsJson = False) -> None:
    """Take a release off for good; where it is live, the endpoint answers no more."""
    session, number = _opened(version, as_json=as_json)
    row = session.house.releases.retire(options.id_of(project), number, reason=reason)
    _tell(session, row, f"v{number} was retired")


@app.command("canary")
def canary(
    version: Version,
    project: options.ProjectId,
    share: Annotated[float, typer.Option("--share", min=0.0, max=1.0, help="Of the conversations, such as 0.05.")],
    reason: Reason,
    as_json: options.AsJson = False,
) -> None:
    """Give a candidate a share of the conversations; each stays with the release that it began with."""
    session, number = _opened(version, as_json=as_json)
    row = session.house.releases.set_canary(options.id_of(project), number, share, reason=reason)
    _tell(session, row, f"v{number} answers {share:.0%} of the conversations")


@app.command("rollback")
def rollback(project: options.ProjectId, reason: Reason, as_json: options.AsJson = False) -> None:
    """Take the live release back; the one that was live before it answers again."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    row = session.house.releases.rollback(options.id_of(project), reason=reason)
    _tell(session, row, f"v{row.version} is live again")


def _opened(version: str, *, as_json: bool) -> "tuple[Session, int]":
    from brewslm.cli.session import open_session

    digits = version.removeprefix("v")
    if not digits.isdecimal() or int(digits) < 1:
        raise typer.BadParameter(f"{version!r} is no version; give one such as v2", param_hint="VERSION")
    return open_session(is_json=as_json), int(digits)


def _tell(session: "Session", row: "ReleaseRow", said: str) -> None:
    from brewslm.bootstrap.access import server_address
    from brewslm.cli.render.parts import next_steps
    from brewslm.core.errors import NotFoundError

    try:
        where = f", served at {server_address(session.settings)}/v1"
    except NotFoundError:
        where = "; no server runs, so nobody is answered until `brewslm serve` does"
    steps = (
        (f"brewslm endpoint status --project {row.project_id}", "who answers, and how fast"),
        (f"brewslm keys create --project {row.project_id} --name NAME", "make a key for a client"),
    )
    session.answer(row, f"{said}{where}.", next_steps(*steps))
