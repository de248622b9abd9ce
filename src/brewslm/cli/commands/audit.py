"""`brewslm audit …`: is the record of what happened still whole."""

import typer

from brewslm.cli import options

app = typer.Typer(help="Audit: the hash chain over all events.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Audit: the hash chain over all events."""


@app.command("verify")
def verify(as_json: options.AsJson = False) -> None:
    """Re-compute the hash chain of every project. Exit code 1 where a row was edited, removed or re-ordered."""
    from brewslm.cli.failures import say_error
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    report = session.house.audit.verify_events()
    answer = {"is_clean": report.is_clean, "num_events": report.num_events, "problems": report.problems}
    session.answer(answer, *([f"All {report.num_events:,} events fit their chains."] if report.is_clean else []))
    for problem in report.problems:
        place = f"project {problem.project_id}" if problem.project_id is not None else "the workspace"
        say_error(f"event {problem.seq} of {place}: {problem.problem}")
    if not report.is_clean:
        raise typer.Exit(1)
