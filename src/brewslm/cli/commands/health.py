"""`brewslm dataset health` and `trace`: what is known of the present data, and the way of a single row."""

from typing import Annotated

import typer

from brewslm.cli import options


def health(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """Look at the newest dataset: ok, warn or block, why, where the rows are, and what to do."""
    from brewslm.cli.render.health import health_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    report = session.house.health.report(ProjectId(project))
    session.answer(report, *health_page(report))


def trace(
    project: options.ProjectId,
    row: Annotated[int, typer.Argument(metavar="ROW", min=0, help="The row of the source, from 0.")],
    as_json: options.AsJson = False,
) -> None:
    """Follow a row from the source to its split: every table that it is in, and what became of it."""
    from brewslm.cli.render.health import trace_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    found = session.house.tracing.trace(ProjectId(project), row)
    session.answer(found, *trace_page(found))
