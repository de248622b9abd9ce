"""`brewslm jobs …`: list, show, watch, logs, cancel."""

from typing import Annotated

import typer

from brewslm.cli import choices, options

app = typer.Typer(help="Jobs: work that is queued, running or done.", no_args_is_help=True)

JobNumber = Annotated[int, typer.Argument(metavar="JOB", min=1, help="The job's id.")]


@app.command("list")
def list_(
    project: options.AnyProject = None,
    status: Annotated[choices.Status | None, typer.Option("--status", help="Only these.")] = None,
    kind: Annotated[choices.JobKind | None, typer.Option("--kind", help="Only this kind, also steps of flows.")] = None,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Part of a run id, message, error, reason or project name.")
    ] = "",
    sort: Annotated[
        choices.JobOrder, typer.Option("--sort", help="finished: what has ended, the last first.")
    ] = "newest",
    is_all: Annotated[bool, typer.Option("--all", help="The steps of flows, too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    as_json: options.AsJson = False,
) -> None:
    """List jobs, the newest first."""
    from brewslm.cli.render.records import job_table
    from brewslm.cli.session import open_session, validated
    from brewslm.core.ids import ProjectId
    from brewslm.core.ports.reading.views import JobQuery

    session = open_session(is_json=as_json)
    if project is not None:
        session.house.projects.get(ProjectId(project))
    query = validated(
        JobQuery,
        project_id=project,
        statuses=(status,) if status is not None else (),
        kinds=(kind,) if kind is not None else (),
        text=search,
        order=sort,
        is_top_level=not is_all and kind is None,
        limit=limit,
    )
    shown = session.house.job_views.find(query)
    session.answer(shown, job_table(shown) if shown else "There is no such job.")


@app.command("show")
def show(job_id: JobNumber, as_json: options.AsJson = False) -> None:
    """Show a job with its steps and its events."""
    from brewslm.cli.render.records import job_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = session.house.jobs.get(JobId(job_id))
    children = tuple(reversed(session.house.jobs.list(parent_id=job.id)))
    runs = [job.run_id, *(child.run_id for child in children)]
    found = [one for run in runs for one in session.house.jobs.events(project_id=job.project_id, run_id=run)]
    seen = sorted(found, key=lambda event: event.seq)
    session.answer({"job": job, "steps": children, "events": seen}, *job_page(job, children, seen))


@app.command("watch")
def watch(job_id: JobNumber, as_json: options.AsJson = False) -> None:
    """Follow a job to its end. Work whose process has gone is taken up again here."""
    from brewslm.cli.progress.follow import follow
    from brewslm.cli.render.records import job_page
    from brewslm.cli.session import completed, open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = completed(follow(session.house, session.err, JobId(job_id)))
    session.answer({"job": job}, *job_page(job, (), ()))


@app.command("logs")
def logs(
    job_id: JobNumber,
    tail: Annotated[int | None, typer.Option("--tail", min=1, metavar="LINES", help="Only the last lines.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Print what a job's worker has written."""
    from brewslm.cli.session import open_session
    from brewslm.cli.text import harmless
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    lines = session.house.jobs.worker_log(JobId(job_id)).splitlines()
    lines = lines[-tail:] if tail is not None else lines
    if session.is_json:
        session.answer({"job_id": job_id, "lines": lines})
    else:
        print("\n".join(harmless(line) for line in lines))


@app.command("cancel")
def cancel(job_id: JobNumber, as_json: options.AsJson = False) -> None:
    """Ask a job to stop. A training saves a checkpoint first."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId
    from brewslm.core.job import JobStatus

    session = open_session(is_json=as_json)
    job = session.house.jobs.cancel(JobId(job_id))
    is_done = job.status is JobStatus.CANCELLED
    session.answer(job, f"Job {job.id} is cancelled." if is_done else f"Job {job.id} was asked to stop.")
