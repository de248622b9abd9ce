"""`brewslm eval`: eval packs, the rows that fail, and whether a model may be promoted."""

from pathlib import Path
from typing import Annotated

import typer

from brewslm.cli import choices, options

app = typer.Typer(help="Eval packs, failing rows, review lists, Gate D.", no_args_is_help=True)
packs = typer.Typer(help="What an evaluation measures and asks for, as YAML.", no_args_is_help=True)
app.add_typer(packs, name="pack", short_help="Make, list, show, check eval packs.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A pack of the workspace, or a file.")]
Report = Annotated[
    str | None, typer.Option("--report", metavar="ID", help="An evaluation; by default the newest of the project.")
]
Task = Annotated[str | None, typer.Option("--task", metavar="ID", help="A task of its pack; by default the first.")]
Slice = Annotated[str | None, typer.Option("--slice", metavar="KEY=VALUE", help="Only these rows: label=refund.")]


@packs.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, - and _.")],
    as_shape: Annotated[
        choices.Shape, typer.Option("--for", metavar="SHAPE", help="The shape of the data that it is for.")
    ] = "chat",
    as_json: options.AsJson = False,
) -> None:
    """Write a pack with the metrics of such data, to be changed."""
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    made, place = session.house.eval_packs.new(name, as_shape)
    follow_up = next_steps(
        (f"brewslm eval pack validate {name}", "check it after a change"),
        (f"brewslm evaluate --project 1 --pack {name}", "evaluate by it"),
    )
    session.answer({"path": place, "pack": made.pack}, f"{place} is there; it is yours to change.", follow_up)


@packs.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List the packs of the workspace."""
    from brewslm.cli.render.outcome.evaluation import packs_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    found = session.house.eval_packs.list()
    none = "No eval packs yet; make one with `brewslm eval pack new NAME`."
    session.answer(found, packs_page(found) if found else none)


@packs.command("show")
def show(name: Name, as_json: options.AsJson = False) -> None:
    """Print a pack."""
    from brewslm.cli.session import open_session
    from brewslm.services.evaluation.packs import valid_pack

    session = open_session(is_json=as_json)
    text = text_of(name)
    if text is None:
        shown = session.house.eval_packs.show(name)
        session.answer(shown.pack, shown.text.rstrip())
        return
    session.answer(valid_pack(text, name), text.rstrip())


@packs.command("validate")
def validate(name: Name, as_json: options.AsJson = False) -> None:
    """Check a pack strictly: all that is wrong at once, each with its line and the nearest name."""
    from brewslm.cli.session import open_session
    from brewslm.core.finding import counted
    from brewslm.services.evaluation.packs import read_pack

    session = open_session(is_json=as_json)
    text = text_of(name)
    read = read_pack(session.house.ports.eval_packs.read(name) if text is None else text)
    if read.pack is None:
        session.answer({"problems": read.problems}, *(f"{name}, {problem}" for problem in read.problems))
        raise typer.Exit(1)
    pack = read.pack
    holds = f"{counted(len(pack.tasks), 'task')}, {counted(len(pack.gates), 'gate')}"
    told = f"{name} is valid: {pack.name} v{pack.version}, {holds}."
    session.answer({"problems": ()}, told)


@app.command("failures")
def failures(
    project: options.ProjectId,
    report: Report = None,
    task: Task = None,
    slice_: Slice = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="At most so many.")] = 10,
    as_json: options.AsJson = False,
) -> None:
    """Show rows that the tuned model fails, the worst first, base and tuned side by side."""
    from brewslm.cli.render.outcome.evaluation import failures_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ArtifactId, ProjectId

    session = open_session(is_json=as_json)
    report_id = ArtifactId(report) if report else None
    found = session.house.evaluations.failing(ProjectId(project), report_id, task=task, slice_=slice_, limit=limit)
    follow_up = next_steps((f"brewslm eval review --project {project}", "put them on a list, for the next run's data"))
    session.answer(found, *failures_page(found), *([follow_up] if found.rows else ()))


@app.command("review")
def review(
    project: options.ProjectId,
    report: Report = None,
    task: Task = None,
    slice_: Slice = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="The worst so many.")] = 200,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why they are to be looked at.")] = "",
    as_json: options.AsJson = False,
) -> None:
    """Put failing rows on a review list, which the data of a next run can be made of."""
    from brewslm.cli.render.parts import facts
    from brewslm.cli.session import open_session, product, told, validated
    from brewslm.core.artifacts.iteration.review import Review
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import ReviewRequest

    session = open_session(is_json=as_json)
    request = validated(ReviewRequest, eval_report_id=report, task=task, slice=slice_, limit=limit, note=note)
    job = session.do(ProjectId(project), "review", request)
    made = product(session, job, Review)
    where = session.shelf(ProjectId(project)).path(made.files[0].path)
    page = facts(
        [("review list", str(made.id)), ("rows", f"{made.num_rows:,}, by {made.metric}"), ("file", str(where))]
    )
    session.answer(told(job, made), page)


@app.command("pairs")
def pairs(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the pairs are to be called.")],
    project: options.ProjectId,
    report: Report = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="At most so many.")] = 60,
    as_json: options.AsJson = False,
) -> None:
    """Write pairs of answers for people to label, so that a judge can be compared with them."""
    from brewslm.cli.render.parts import facts
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ArtifactId, ProjectId

    session = open_session(is_json=as_json)
    report_id = ArtifactId(report) if report else None
    made = session.house.evaluations.pairs(ProjectId(project), name, report_id, limit=limit)
    page = facts([("file", made.path), ("pairs", f"{made.num_pairs:,}, base and tuned in random order")])
    told = 'In each line, change "human": null to "first", "second" or "tie"; lines left as they are do not count.'
    session.answer(made, page, told, f"Then name them in the eval pack: judge: {{labels: {name}, …}}")


@app.command("promotion")
def promotion(project: options.ProjectId, report: Report = None, as_json: options.AsJson = False) -> None:
    """Gate D: may this model take the place of the live release? Exit code 1 where it may not."""
    from brewslm.cli.render.outcome.evaluation import promotion_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ArtifactId, ProjectId

    session = open_session(is_json=as_json)
    verdict = session.house.evaluations.promotion(ProjectId(project), ArtifactId(report) if report else None)
    session.answer(verdict, *promotion_page(verdict))
    if not verdict.passed:
        raise typer.Exit(1)


def text_of(name: str) -> str | None:
    """Return the text of a file that is named; None where a pack of the workspace is.

    Raises:
        NotFoundError: it cannot be read.
    """
    from brewslm.core.errors import NotFoundError

    if not name.endswith((".yaml", ".yml")):
        return None
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error.reason
        raise NotFoundError(f"the eval pack {name!r} cannot be read: {why}; name a YAML file") from error
