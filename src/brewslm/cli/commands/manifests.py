"""`brewslm manifests`: what was prepared, and which of it is current."""

from typing import Annotated

import typer

from brewslm.cli import options

app = typer.Typer(help="Manifests: what was prepared, and which of it is current.", no_args_is_help=True)


@app.command("list")
def list_(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """List the manifests of a project, oldest first."""
    from brewslm.cli.render.splits import manifest_list
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    rows = session.house.manifests.list(ProjectId(project))
    session.answer(rows, manifest_list(rows))


@app.command("activate", short_help="Make an earlier manifest the current one.")
def activate(
    project: options.ProjectId,
    manifest: Annotated[str, typer.Argument(metavar="MANIFEST", help="Its id, as `brewslm manifests list` shows it.")],
    as_json: options.AsJson = False,
) -> None:
    """Make an earlier manifest the current one, until a newer dataset or manifest is made."""
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ArtifactId, ProjectId

    session = open_session(is_json=as_json)
    row = session.house.manifests.activate(ProjectId(project), ArtifactId(manifest))
    follow_up = next_steps((f"brewslm preflight --project {project} --plan", "see what a training would take"))
    session.answer(row, f"{row.record.id} is the current manifest now.", follow_up)
