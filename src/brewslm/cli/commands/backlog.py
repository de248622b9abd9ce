"""`brewslm backlog …`: what the next run should mend, and what the last one did."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.services.backlog.book import Backlog

app = typer.Typer(help="What the next run should mend, ranked, with its evidence.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The entry's number, as `list` shows it.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; kept with the entry.")]


@app.command("list")
def list_(
    project: options.ProjectId,
    is_all: Annotated[bool, typer.Option("--all", help="Those that were closed, too.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Look at the newest run, and list what the next one should mend, worth most first."""
    from brewslm.cli.render.outcome.backlog import backlog_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    project_id, book = options.id_of(project), _book(session)
    book.look(project_id)
    entries = book.list(project_id, is_all=is_all)
    if not entries:
        session.answer(entries, f"Nothing is open in the backlog of project {project}.")
        return
    follow_up = next_steps(
        (f"brewslm backlog show {entries[0].number} --project {project}", "see its evidence, and what to do"),
        (f"brewslm backlog take {entries[0].number} --project {project}", "begin to mend it"),
    )
    session.answer(entries, *backlog_page(entries), follow_up)


@app.command("show")
def show(number: Number, project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """Show an entry: what was seen, what mending it is worth, where to look, what to do."""
    from brewslm.cli.render.outcome.backlog import entry_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    entry = _book(session).get(options.id_of(project), number)
    session.answer(entry, *entry_page(entry))


@app.command("take")
def take(number: Number, project: options.ProjectId, note: Note = "", as_json: options.AsJson = False) -> None:
    """Take an entry up: failing rows go on a review list; of everything else the command is shown."""
    from brewslm.cli.render.outcome.backlog import entry_page
    from brewslm.cli.session import open_session, product
    from brewslm.core.artifacts.iteration.review import Review

    session = open_session(is_json=as_json)
    project_id, book = options.id_of(project), _book(session)
    request = book.review_of(project_id, number)
    job_id, made = None, ""
    if request is not None:
        job = session.do(project_id, "review", request)
        review = product(session, job, Review)
        job_id, made = job.id, f"{review.num_rows:,} rows are on the review list {review.id}:"
        made = f"{made} {session.shelf(project_id).path(review.files[0].path)}"
    entry = book.take(project_id, number, note=note, job_id=job_id)
    session.answer(entry, *entry_page(entry), made)


@app.command("close")
def close(
    number: Number,
    project: options.ProjectId,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why nothing more is to be done.")],
    as_json: options.AsJson = False,
) -> None:
    """Say that nothing more is to be done; later runs do not open it again."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    entry = _book(session).close(options.id_of(project), number, note=note)
    session.answer(entry, f"Entry {number} is closed: {entry.finding.title}.")


@app.command("reopen")
def reopen(number: Number, project: options.ProjectId, note: Note = "", as_json: options.AsJson = False) -> None:
    """Say that an entry is to be looked at again."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    entry = _book(session).reopen(options.id_of(project), number, note=note)
    session.answer(entry, f"Entry {number} is open again: {entry.finding.title}.")


def _book(session: "Session") -> "Backlog":
    from brewslm.services.backlog.book import Backlog

    return Backlog(session.house.ports, actor="cli")
