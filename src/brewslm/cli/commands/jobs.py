"""`brewslm jobs …`: list, show, watch, logs; cancel, pause, resume, retry, fork, answer, priority."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.job import Job

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
    """Show a job with its steps, gates and events, and of a training the lines of the watch over its first steps."""
    from brewslm.cli.render.gates import gates_of_job
    from brewslm.cli.render.records import job_page
    from brewslm.cli.render.run_health import watch_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = session.house.jobs.get(JobId(job_id))
    children = tuple(reversed(session.house.jobs.list(parent_id=job.id)))
    runs = [job.run_id, *(child.run_id for child in children)]
    found = [one for run in runs for one in session.house.jobs.events(project_id=job.project_id, run_id=run)]
    seen = sorted(found, key=lambda event: event.seq)
    checks = session.house.run_health.watch_checks(job.id)
    gates = session.house.gates.all_of_job(job.id)
    answer = {"job": job, "steps": children, "gates": gates, "events": seen, "watch": checks}
    session.answer(answer, *job_page(job, children, seen), *gates_of_job(gates), *watch_page(checks))


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
def cancel(
    job_id: JobNumber,
    is_asked_only: Annotated[bool, typer.Option("--no-wait", help="Ask, and do not wait for its end.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Stop a job for good. A training saves a checkpoint first; what was done is said."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = session.house.jobs.cancel(JobId(job_id))
    if not (is_asked_only or job.status.is_final):
        # Where its process has gone, this one finds its worker and ends it.
        session.house.runner.run(job.parent_id or job.id)
        job = session.house.jobs.get(job.id)
    said = job.error or f"job {job.id} {'is ' + job.status if job.status.is_final else 'was asked to stop'}"
    session.answer(job, f"{said[0].upper()}{said[1:]}.")


@app.command("pause")
def pause(job_id: JobNumber, as_json: options.AsJson = False) -> None:
    """Set a training aside: it saves a checkpoint, and its device is free for other work."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = session.house.control.pause(JobId(job_id))
    if not job.is_held:
        session.note(f"Job {job.id} is asked to save a checkpoint and to end.")
        session.house.runner.run(job.id)
        job = session.house.jobs.get(job.id)
    said = f"is {job.waiting_reason}" if job.is_held else f"is {job.status}; it did not come to the pause"
    session.answer(job, f"Job {job.id} {said}.")


@app.command("resume")
def resume(job_id: JobNumber, detach: options.Detach = False, as_json: options.AsJson = False) -> None:
    """Let a paused training go on from its checkpoint, here or by a running server."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    _go_on(session, session.house.control.resume(JobId(job_id)), is_detached=detach)


@app.command("retry")
def retry(job_id: JobNumber, detach: options.Detach = False, as_json: options.AsJson = False) -> None:
    """Do a failed or cancelled job again. A training goes on from its newest checkpoint."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = session.house.control.retry(JobId(job_id))
    session.note(f"Job {job.id} does job {job.retry_of} again.")
    _go_on(session, job, is_detached=detach)


@app.command("answer")
def answer(
    job_id: JobNumber,
    said: Annotated[choices.Answer, typer.Argument(metavar="accept|refuse", help="Whether it goes on as proposed.")],
    as_json: options.AsJson = False,
) -> None:
    """Answer what a training asks before it goes on changed (recovery=ask). A refusal ends it."""
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = session.house.control.answer(JobId(job_id), said)
    if said == "refuse":
        session.answer(job, f"Job {job.id} has ended: {job.error}.")
        return
    follow_up = next_steps((f"brewslm jobs watch {job.id}", "do it here, or watch the server that does it"))
    session.answer(job, f"Job {job.id} goes on as proposed.", follow_up)


@app.command("priority")
def priority(
    job_id: JobNumber,
    number: Annotated[int, typer.Argument(metavar="N", min=-1000, max=1000, help="The highest goes first.")],
    as_json: options.AsJson = False,
) -> None:
    """Change the place of a queued job in the line before the device. Put `--` before a number below zero."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    job = session.house.control.prioritize(JobId(job_id), number)
    session.answer(job, f"Job {job.id} has priority {job.priority}.")


@app.command("fork")
def fork(
    job_id: JobNumber,
    step: Annotated[
        str, typer.Option("--step", metavar="STEP|best|last", help="The checkpoint to begin with, of this training.")
    ] = "best",
    overrides: options.Overrides = None,
    detach: options.Detach = False,
    as_json: options.AsJson = False,
) -> None:
    """Train again from a checkpoint of a training on: same data and recipe, but for what --set changes."""
    from brewslm.cli.commands.train import begin, show_result
    from brewslm.cli.recipe_options import at_step, overrides_from
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId
    from brewslm.services.requests import ForkRequest

    asked = ForkRequest(step=at_step(step, option="--step"), overrides=overrides_from(overrides))
    session = open_session(is_json=as_json)
    project_id, request = session.house.forks.request(JobId(job_id), asked)
    job = begin(session, project_id, "autopilot", request, is_detached=detach)
    if job is not None:
        show_result(session, job)


def _go_on(session: "Session", job: "Job", *, is_detached: bool) -> None:
    from brewslm.cli.render.records import job_page

    if is_detached:
        session.leave_queued(job)
        return
    job = session.carry_out(job)
    session.answer({"job": job}, *job_page(job, (), ()))
