"""`brewslm timeline`, `failures`, `replay`, `support-bundle`: what the record says, and whether it comes out again."""

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
    project: options.AnyProject = None,
    job: OfJob = None,
    severity: options.OfSeverity = None,
    stage: options.OfStage = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: Runs = 20,
    as_json: options.AsJson = False,
) -> None:
    """Show runs with their steps and recoveries, the newest first: when, how long, and the gravest that happened.

    With a severity, stage or time: the runs with such an event, be it of a step.
    """
    from brewslm.cli.render.history.pages import timeline_table
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    if job is not None:
        node = session.house.records.timeline.of_job(JobId(job))
        session.answer(node, timeline_table((node,)))
        return
    choice = options.choice_of_events(
        session.house, project=project, severity=severity, stage=stage, since=since, until=until
    )
    page = session.house.records.timeline.page(choice, limit=limit)
    if not page.runs and not page.others:
        is_chosen = bool(severity or stage or since or until)
        session.answer(page, "No run is like that." if is_chosen else "Nothing has run yet.")
        return
    older = f"\nOlder runs: --limit {limit * 2}" if page.next_before is not None else ""
    session.answer(page, timeline_table((*page.runs, *page.others)), *([older] if older else []))


def failures(
    project: options.AnyProject = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many causes.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """Show failures by their cause: ids, paths, times and numbers in messages do not tell two causes apart."""
    from brewslm.cli.render.history.pages import cluster_blocks
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
    from brewslm.cli.render.history.pages import bundle_lines
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


def replay(
    which: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="An experiment such as exp-001.")],
    project: Annotated[
        int | None, typer.Option("--project", "-p", min=1, metavar="ID", help="Where several projects have it.")
    ] = None,
    has_training: Annotated[bool, typer.Option("--train", help="Train again, too, and compare the adapter.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Do the data stages of an experiment again from the raw snapshot. Exit code 1 where a hash is another one."""
    from brewslm.bootstrap.replay import replay_experiment
    from brewslm.cli.commands.results import job_that
    from brewslm.cli.render.history.pages import replay_table
    from brewslm.cli.session import open_session
    from brewslm.core.errors import NotFoundError

    session = open_session(is_json=as_json)
    job = session.house.jobs.get(job_that(session, which, project))
    with session.house.ports.storage.read() as transaction:
        found = transaction.experiments.list(job.project_id)
    experiment = next((one for one in found if one.job_id == job.id), None)
    if experiment is None:
        raise NotFoundError(f"job {job.id} is no training; name an experiment, such as exp-001")
    report = replay_experiment(session.house, job.project_id, experiment.id, has_training=has_training)
    session.answer({"is_equal": report.is_equal, **report.model_dump(mode="json")}, *replay_table(report))
    if not report.is_equal:
        raise typer.Exit(1)


def _project(session: "Session", project: int | None) -> "ProjectId | None":
    return None if project is None else session.house.projects.get(options.id_of(project)).id
