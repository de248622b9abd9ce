"""`brewslm project …`: create, list, show."""

from typing import Annotated

import typer

from brewslm.cli import choices, options

app = typer.Typer(help="Projects: each holds data, experiments and releases.", no_args_is_help=True)

SUGGESTED_SAMPLES: dict[str, str] = {
    "general": "general-chat-v1",
    "support": "support-chat-v1",
    "extraction": "legal-contract-v1",
}


@app.command("create")
def create(
    name: Annotated[str, typer.Option("--name", help="What you call it; unique in the workspace.")],
    template: Annotated[choices.Template, typer.Option("--template", help="What it starts from.")] = "general",
    base_model: options.BaseModel = None,
    as_json: options.AsJson = False,
) -> None:
    """Create a project."""
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session
    from brewslm.core.project import BUNDLED_BASE_MODEL

    session = open_session(is_json=as_json)
    project = session.house.projects.create(name, template=template, base_model=base_model or BUNDLED_BASE_MODEL)
    sample = SUGGESTED_SAMPLES.get(template)
    source = f"--sample {sample}" if sample else "PATH"
    session.answer(
        project,
        f"Project {project.id} {project.name!r} on base model {project.base_model!r}",
        next_steps((f"brewslm dataset import --project {project.id} {source}", "bring in data")),
    )


@app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List the projects of the workspace."""
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.render.records import project_table
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    projects = session.house.projects.list()
    if projects:
        session.answer(projects, project_table(projects))
    else:
        create_one = ("brewslm project create --name NAME", "create one")
        session.answer(projects, "There is no project yet.", next_steps(create_one))


@app.command("show")
def show(
    project_id: Annotated[int, typer.Argument(metavar="PROJECT", min=1, help="The project's id.")],
    as_json: options.AsJson = False,
) -> None:
    """Show where a project stands in the eleven stages."""
    from brewslm.cli.render.parts import facts
    from brewslm.cli.render.records import stage_table
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    project = session.house.projects.get(ProjectId(project_id))
    states = session.house.projects.stages(project.id)
    session.answer(
        {"project": project, "stages": states},
        facts([("project", f"{project.id} {project.name}"), ("base model", project.base_model)]),
        stage_table(states),
    )
