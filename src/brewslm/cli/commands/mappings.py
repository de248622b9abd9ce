"""`brewslm mappings …`: mappings that were saved, to be run on the next snapshot."""

from pathlib import Path
from typing import Annotated

import typer

from brewslm.cli import mapping_options, options

app = typer.Typer(help="Saved mappings: by name, in versions that never change.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, - and _.")]


@app.command("list")
def list_(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """List the newest version of every saved mapping."""
    from brewslm.cli.render.data import mapping_table
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    found = session.house.mappings.newest(ProjectId(project))
    session.answer({"mappings": found}, mapping_table(found) if found else "No mapping is saved.")


@app.command("save", short_help="Save the mapping that was tried last.")
def save(
    project: options.ProjectId,
    name: Name,
    file: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE", help="A mapping as YAML or JSON; else the newest tried.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Save the mapping that was tried last, or one of a file, as the next version of its name."""
    from brewslm.cli.newest import newest
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session, project_id = open_session(is_json=as_json), ProjectId(project)
    mappings = session.house.mappings
    if file is not None:
        made = mappings.save(project_id, name, mapping_options.mapping_in(file))
    else:
        made = mappings.save_preview(project_id, name, newest(session, project_id, "map_dry_run"))
    command = f"`brewslm map --dry-run --project {project} --saved {made.name}`"
    session.answer(made, f"{made.name}@{made.version} is saved; run it with {command}")


@app.command("show", short_help="Print a saved mapping as YAML.")
def show(project: options.ProjectId, name: Name, as_json: options.AsJson = False) -> None:
    """Print a saved mapping as YAML that `--mapping` reads; NAME@2 shows an older version."""
    import yaml

    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    found = session.house.mappings.get(ProjectId(project), name)
    tree = found.spec.model_dump(mode="json", exclude_defaults=True)
    for step, kept in zip(found.spec.transforms, tree.get("transforms", ()), strict=True):
        kept["op"] = step.op
    session.answer(found, yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).rstrip())
