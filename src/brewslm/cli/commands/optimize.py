"""`brewslm optimize`: which form of the model suits a device."""

from typing import Annotated

import typer

from brewslm.cli import choices, options


def optimize(
    project: options.ProjectId,
    target: Annotated[choices.Device, typer.Option("--target", help="The device.")],
    priority: options.Priority = 0,
    as_json: options.AsJson = False,
) -> None:
    """Rank the forms of the newest bundle's model for a device, by what is measured here, and export the best."""
    from brewslm.cli.render.release.optimization import optimization_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.optimization import Optimization
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import OptimizeRequest

    session = open_session(is_json=as_json)
    job = session.do(ProjectId(project), "optimize", OptimizeRequest(target=target), priority=priority)
    made = product(session, job, Optimization)
    session.answer(told(job, made), *optimization_page(made))
