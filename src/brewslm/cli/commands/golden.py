"""`brewslm golden`: examples that are only ever evaluated on."""

from typing import Annotated

import typer

from brewslm.cli import choices, options

app = typer.Typer(help="Golden sets: locked examples that are never trained on.", no_args_is_help=True)


@app.command("add")
def add(
    project: options.ProjectId,
    file: Annotated[str | None, typer.Option("--file", metavar="SOURCE", help="A path or sample:NAME.")] = None,
    from_split: Annotated[
        choices.GoldenSplit | None, typer.Option("--from-split", help="A split of the current manifest.")
    ] = None,
    purpose: Annotated[
        choices.GoldenPurpose, typer.Option("--kind", help="dev to choose by, test to report on.")
    ] = "test",
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The same name again makes the next version.")
    ] = "golden",
    as_shape: options.AsShape = None,
    as_json: options.AsJson = False,
) -> None:
    """Lock the examples of a file or of a split."""
    from brewslm.cli.locators import one_locator
    from brewslm.cli.render.parts import facts, next_steps
    from brewslm.cli.session import open_session, product, told, validated
    from brewslm.core.artifacts.golden import Golden
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import GoldenRequest

    if (file is None) == (from_split is None):
        message = "name either a file or a split"
        raise typer.BadParameter(message, param_hint="--file / --from-split")
    locator = one_locator(file, None, None) if file is not None else None
    session = open_session(is_json=as_json)
    request = validated(
        GoldenRequest, name=name, purpose=purpose, locator=locator, from_split=from_split, as_shape=as_shape
    )
    job = session.do(ProjectId(project), "golden", request)
    made = product(session, job, Golden)
    page = facts(
        [
            ("golden set", made.title),
            ("id", str(made.id)),
            ("purpose", made.purpose),
            ("examples", f"{made.num_examples:,}, from {made.origin}"),
        ]
    )
    follow_up = next_steps((f"brewslm prepare --project {project}", "split again, so that none of it is trained on"))
    session.answer(told(job, made), page, follow_up)


@app.command("list")
def list_(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """List the golden sets of a project."""
    from brewslm.cli.render.parts import table
    from brewslm.cli.session import open_session
    from brewslm.core.artifacts.golden import Golden
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    session.house.projects.get(ProjectId(project))
    sets = session.shelf(ProjectId(project)).all(Golden)
    rows = [(one.title, one.purpose, f"{one.num_examples:,}", one.origin, str(one.id)) for one in sets]
    page = table(("golden set", "purpose", "examples", "from", "id"), rows, right=(2,), whole=(0, 4))
    session.answer([{"id": one.id, **one.model_dump(mode="json")} for one in sets], page if sets else "No golden sets.")
