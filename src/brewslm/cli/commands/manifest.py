"""`brewslm manifest`: a project as code."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.brew.project_file import ProjectFile

app = typer.Typer(
    help="A project as code: brewslm.yaml. (What was prepared is `brewslm manifests`.)", no_args_is_help=True
)

FileArgument = Annotated[Path, typer.Argument(metavar="[FILE]", help="A brewslm.yaml, or a folder that holds one.")]
NAME = "brewslm.yaml"


@app.command("export")
def export(
    project: options.ProjectId,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Write a project as a file that makes it again: data, cleaning, splits, gates, recipe."""
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    file, text = session.house.declared.export(ProjectId(project))
    if out is None and not as_json:
        typer.echo(text, nl=False)
        return
    if out is not None:
        _write(out, text)
        follow_up = next_steps((f"brewslm manifest plan {out}", "see what it would change"))
        session.answer(file, f"Project {project} is in {out}.", follow_up)
        return
    session.answer(file)


@app.command("validate")
def validate(file: FileArgument = Path(), as_json: options.AsJson = False) -> None:
    """Check a file strictly: all that is wrong with it at once, each with its line and the nearest key."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    path = _file_at(file)
    found = session.house.declared.look(path)
    if found.file is None:
        session.answer({"problems": found.problems}, *(f"{path.name}, {problem}" for problem in found.problems))
        raise typer.Exit(1)
    session.answer({"problems": ()}, f"{path.name} is valid: project {found.file.trainer.project_name!r}.")


@app.command("diff")
def diff(file: FileArgument = Path(), as_json: options.AsJson = False) -> None:
    """Show every value on which the project and its file do not agree. Exit code 1 where there is one."""
    from brewslm.cli.render.brew import difference_page

    session, found, path = _opened(file, is_json=as_json)
    plan = session.house.declared.plan(found, path.parent)
    session.answer({"differences": plan.differences}, *difference_page(plan))
    if plan.differences:
        raise typer.Exit(1)


@app.command("plan")
def plan(file: FileArgument = Path(), as_json: options.AsJson = False) -> None:
    """Show what `apply` would do and every value that changes; nothing is done."""
    from brewslm.cli.render.brew import project_plan_page

    session, found, path = _opened(file, is_json=as_json)
    planned = session.house.declared.plan(found, path.parent)
    session.answer(planned, *project_plan_page(planned, str(file)))
    if planned.problems:
        raise typer.Exit(1)


@app.command("apply")
def apply(file: FileArgument = Path(), as_json: options.AsJson = False) -> None:
    """Make the project what its file says, up to the plan of its training; what is there already is kept."""
    from brewslm.cli.commands.preflight import BLOCKED
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.render.training import checks_page, plan_page
    from brewslm.core.artifacts.readiness import Readiness

    session, found, path = _opened(file, is_json=as_json)
    declared = session.house.declared
    project = declared.settle(found, path.parent)
    session.note(f"Project {project.id} {project.name!r}")
    while (task := declared.next_task(found, path.parent, project)) is not None:
        session.note(f"{task.told[0].upper()}{task.told[1:]}.")
        session.do(project.id, task.kind, task.inputs)
    readiness_id = session.house.projects.current(project.id, "preflight")
    if readiness_id is None:
        return
    readiness = session.shelf(project.id).read(Readiness, readiness_id)
    follow_up = next_steps((f"brewslm train --project {project.id}", "launch this plan"))
    parts = [*checks_page(readiness), *plan_page(readiness.plan, guard=readiness.guard)]
    is_ready = readiness.verdict == "ready"
    session.answer({"project": project, "readiness": readiness}, *parts, *([follow_up] if is_ready else ()))
    if not is_ready:
        raise typer.Exit(BLOCKED)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    import json

    from brewslm.core.brew.project_file import ProjectFile

    typer.echo(json.dumps(ProjectFile.model_json_schema(), indent=2))


def _opened(file: Path, *, is_json: bool) -> "tuple[Session, ProjectFile, Path]":
    from brewslm.cli.session import open_session

    path = _file_at(file)
    session = open_session(is_json=is_json)
    return session, session.house.declared.read(path), path


def _file_at(path: Path) -> Path:
    path = path.absolute()
    return path / NAME if path.is_dir() else path


def _write(path: Path, text: str) -> None:
    from brewslm.core.errors import ConflictError, InvalidRequestError

    if path.exists():
        raise ConflictError(f"{str(path)!r} is there already; name another file, or remove it")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidRequestError(f"{str(path)!r} cannot be written ({error.strerror}); name another file") from error
