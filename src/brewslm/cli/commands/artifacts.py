"""`brewslm artifacts …`: what was made, of what, and whether it is still as it was."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.artifacts.base import ArtifactRecord

app = typer.Typer(help="Artifacts: everything that a stage has made.", no_args_is_help=True)

ArtifactName = Annotated[str, typer.Argument(metavar="ARTIFACT", help="Its id, or the beginning of it.")]


@app.command("list")
def list_(
    project: options.AnyProject = None,
    kind: Annotated[choices.Kind | None, typer.Option("--kind", help="Only this kind.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """List artifacts, the oldest first."""
    from brewslm.cli.render.records import artifact_table
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    records = session.house.projects.artifacts(ProjectId(project) if project is not None else None, kind=kind)
    headers = [record.model_dump(mode="json", exclude={"body"}) for record in records]
    session.answer(headers, artifact_table(records) if records else "There is no such artifact.")


@app.command("show")
def show(artifact: ArtifactName, project: options.AnyProject = None, as_json: options.AsJson = False) -> None:
    """Show an artifact with its whole body."""
    from brewslm.cli.render.parts import facts
    from brewslm.cli.session import open_session
    from brewslm.cli.text import harmless, when

    session = open_session(is_json=as_json)
    record = find(session, artifact, project)
    body = json.dumps(record.body, indent=2, ensure_ascii=False)
    pairs = [
        ("artifact", str(record.id)),
        ("project", str(record.project_id)),
        ("made", f"by job {record.job_id}, {when(record.created_at)}"),
        ("made from", ", ".join(record.parents) or "a source"),
        ("hash", record.content_hash),
    ]
    session.answer(record, facts(pairs), harmless(body))


@app.command("lineage", short_help="Show everything that it was made from.")
def lineage(artifact: ArtifactName, project: options.AnyProject = None, as_json: options.AsJson = False) -> None:
    """Show everything that an artifact was made from, up to the raw snapshot."""
    from brewslm.cli.render.records import artifact_table
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    record = find(session, artifact, project)
    chain = session.house.audit.lineage(record.project_id, record.id)
    headers = [one.model_dump(mode="json", exclude={"body"}) for one in chain]
    session.answer(headers, artifact_table(chain))


@app.command("tables", short_help="List its tables: rows, examples, rejections, …")
def tables(artifact: ArtifactName, project: options.AnyProject = None, as_json: options.AsJson = False) -> None:
    """List the tables of an artifact: its rows, examples, rejections and what else it holds."""
    from brewslm.cli.render.records import list_of_tables
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    record = find(session, artifact, project)
    found = session.house.browsing.tables(record.project_id, record.id)
    session.answer(found, list_of_tables(found) if found else f"{record.id} has no tables.")


@app.command("rows")
def rows(
    artifact: ArtifactName,
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Such as `examples`; `artifacts tables` lists them.")],
    start: Annotated[
        int, typer.Option("--start", min=0, metavar="NUMBER", help="The number of the first row, from 0.")
    ] = 0,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1000, metavar="NUMBER", help="At most so many rows.")
    ] = 10,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="COLUMN=VALUE", help="Only rows with this value; repeatable.")
    ] = None,
    project: options.AnyProject = None,
    as_json: options.AsJson = False,
) -> None:
    """Show rows of a table, from any row on."""
    from brewslm.cli.render.records import rows_page
    from brewslm.cli.session import open_session
    from brewslm.services.data.browsing import conditions

    session = open_session(is_json=as_json)
    record = find(session, artifact, project)
    page = session.house.browsing.page(
        record.project_id, record.id, table, start=start, limit=limit, where=conditions(where or ())
    )
    session.answer(page, *rows_page(page, is_filtered=bool(where)))


@app.command("verify")
def verify(project: options.AnyProject = None, as_json: options.AsJson = False) -> None:
    """Hash every artifact and every file again. Exit code 1 where something is not as it was recorded."""
    from brewslm.cli.failures import say_error
    from brewslm.cli.session import open_session
    from brewslm.cli.text import size
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    report = session.house.audit.verify_artifacts(ProjectId(project) if project is not None else None)
    files = f"{report.num_files:,} files ({size(report.num_bytes)})"
    clean = f"All {report.num_artifacts:,} artifacts and their {files} are as they were recorded."
    answer = {"is_clean": report.is_clean, **report.model_dump(mode="json")}
    session.answer(answer, *([clean] if report.is_clean else []))
    for problem in report.problems:
        place = f"{problem.path} of {problem.artifact_id}" if problem.path else problem.artifact_id
        say_error(f"{place} (project {problem.project_id}): {problem.problem}")
    if not report.is_clean:
        raise typer.Exit(1)


def find(session: "Session", name: str, project: int | None) -> "ArtifactRecord":
    """Return the artifact whose id begins with `name`.

    Raises:
        NotFoundError: there is none.
        ConflictError: there are several.
    """
    from brewslm.core.errors import ConflictError, NotFoundError
    from brewslm.core.ids import ProjectId

    records = session.house.projects.artifacts(ProjectId(project) if project is not None else None)
    exact = [record for record in records if record.id == name]
    found = exact or [record for record in records if record.id.startswith(name)]
    if not found:
        message = f"there is no artifact {name!r}; `brewslm artifacts list` shows all"
        raise NotFoundError(message)
    if len(found) > 1:
        places = ", ".join(f"{record.id} in project {record.project_id}" for record in found[:4])
        message = f"{name!r} fits {len(found)} artifacts ({places}); write more of the id, or add --project"
        raise ConflictError(message)
    return found[0]
