"""`brewslm results` and `brewslm curves`: what a training came to, in figures and in pictures."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.ids import JobId

Which = Annotated[
    str, typer.Argument(metavar="EXPERIMENT|JOB", help="An experiment such as exp-001, or the id of a job.")
]
OfProject = Annotated[
    int | None,
    typer.Option("--project", "-p", min=1, metavar="ID", help="Of an experiment, where several projects have it."),
]


def results(which: Which, project: OfProject = None, as_json: options.AsJson = False) -> None:
    """Show what a training came to: metrics beside those of its base, speed, time, memory, and why it ended."""
    from brewslm.cli.render.results import results_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    found = session.house.results.of_job(job_that(session, which, project))
    session.answer(found, *results_page(found))


def curves(
    which: Which,
    project: OfProject = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to write; the experiment's own folder by default."),
    ] = None,
    theme: Annotated[choices.Theme, typer.Option("--theme", help="The colours of the page.")] = "light",
    as_json: options.AsJson = False,
) -> None:
    """Draw loss, delta, learning rate and gradient norm as SVG and PNG, also of a training that still runs."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    svg, png = session.house.results.write_curves(job_that(session, which, project), out, theme=theme)
    session.answer({"svg": svg, "png": png}, f"{svg}\n{png}")


def job_that(session: "Session", which: str, project: int | None) -> "JobId":
    """Return the job that a word names.

    Raises:
        typer.BadParameter: it is neither.
    """
    from brewslm.core.ids import ExperimentId, JobId, ProjectId

    if which.isdecimal():
        return JobId(int(which))
    spelled = re.fullmatch(r"exp-(\d{1,9})", which)
    if spelled is None:
        message = f"{which!r} is neither an experiment such as exp-001 nor the id of a job"
        raise typer.BadParameter(message, param_hint="EXPERIMENT|JOB")
    project_id = ProjectId(project) if project is not None else None
    return session.house.results.job_of(ExperimentId(int(spelled[1])), project_id)
