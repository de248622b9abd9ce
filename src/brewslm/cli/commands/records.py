"""`brewslm timeline`, `failures` and `support-bundle`: what the record of events says, for people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.ids import ProjectId

OfJob = Annotated[int | None, typer.Option("--job", min=1, metavar="ID", help="This job alone, with its steps.")]
Runs = Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many.")]


def timeline(
    project: options.AnyProject = None, job: OfJob = None, limit: Runs = 20, as_json: options.AsJson = False
) -> None:
    """Show runs with their steps and recoveries, the newest first: when, how long, and the gravest that happened."""
    from brewslm.cli.render.history import timeline_table
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    if job is not None:
        node = session.house.records.timeline.of_job(JobId(job))
        session.answer(node, timeline_table((node,)))
        return
    page = session.house.records.timeline.page(project_id=_project(session, project), limit=limit)
    if not page.runs and not page.others:
        session.answer(page, "Nothing has run yet.")
        return
    older = f"\nOlder runs: --limit {limit * 2}" if page.next_before is not None else ""
    session.answer(page, timeline_table((*page.runs, *page.others)), *([older] if older else []))


def failures(
    project: options.AnyProject = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many causes.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """Show failures by their cause: ids, paths, times and numbers in messages do not tell two causes apart."""
    from brewslm.cli.render.history import cluster_blocks
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    page = session.house.records.failures.page(project_id=_project(session, project), limit=limit)
    session.answer(page, *cluster_blocks(page))


def support_bundle(
    job: Annotated[
        int | None, typer.Option("--job", min=1, metavar="ID", help="With the log and files of this job.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the zip.")] = Path(
        "brewslm-support.zip"
    ),
    as_json: options.AsJson = False,
) -> None:
    """Write a zip for those who help: logs, settings, events, versions, checks; without secrets and personal data."""
    from brewslm.cli.render.history import bundle_lines
    from brewslm.cli.session import open_session
    from brewslm.core.errors import InvalidRequestError
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job_id = JobId(job) if job is not None else None
    aside = output.with_name(f".{output.name}.part")
    try:
        report = session.house.records.support.write(aside, job_id=job_id)
        aside.replace(output)
    except OSError as error:
        message = f"{str(output)!r} cannot be written ({error.strerror}); name another file with --output"
        raise InvalidRequestError(message) from error
    finally:
        aside.unlink(missing_ok=True)
    session.answer({"file": output.absolute(), **report.model_dump()}, *bundle_lines(output, report))


def _project(session: "Session", project: int | None) -> "ProjectId | None":
    return None if project is None else session.house.projects.get(options.id_of(project)).id
