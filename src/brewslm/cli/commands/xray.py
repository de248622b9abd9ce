"""`brewslm xray`: an example token by token, as the worker gets it."""

from typing import Annotated

import typer

from brewslm.cli import choices, options


def xray(
    project: options.ProjectId,
    index: Annotated[int, typer.Argument(min=0, metavar="[INDEX]", help="The example's place in the split.")] = 0,
    split: Annotated[choices.SplitName, typer.Option("--split", help="The split.")] = "train",
    manifest: Annotated[
        str | None, typer.Option("--manifest", metavar="ID", help="A manifest; the current one by default.")
    ] = None,
    is_rejected: Annotated[bool, typer.Option("--rejected", help="The worse answer of a preference.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """See which tokens of an example are trained, which are context, and which fill the row."""
    from brewslm.cli.render.splits import xray_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ArtifactId, ProjectId

    session = open_session(is_json=as_json)
    named = ArtifactId(manifest) if manifest is not None else None
    found = session.house.xrays.look(ProjectId(project), named, split=split, index=index, is_rejected=is_rejected)
    session.answer(found, *xray_page(found))
