"""`brewslm dataset …`: import data with an account of every row, and look at what was rejected."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.artifacts.dataset import Dataset, Rejection
    from brewslm.core.ids import ProjectId

app = typer.Typer(help="Datasets: from a source to examples, with every row accounted for.", no_args_is_help=True)

_SHOWN = 5


@app.command("import")
def import_(
    project: options.ProjectId,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=options.SOURCE_HELP)] = None,
    sample: Annotated[str | None, typer.Option("--sample", metavar="NAME", help="A bundled sample.")] = None,
    source_option: Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="As the argument.")] = None,
    as_shape: options.AsShape = None,
    as_json: options.AsJson = False,
) -> None:
    """Read a source and commit it as a dataset: stages 01 to 04 in one go."""
    from brewslm.cli.locators import one_locator
    from brewslm.cli.render.data import dataset_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import ImportRequest

    locator = one_locator(source, source_option, sample)
    session = open_session(is_json=as_json)
    request = ImportRequest(locator=locator, as_shape=as_shape)
    job = session.do(ProjectId(project), "import", request)
    dataset = product(session, job, Dataset)
    steps = [
        (f"brewslm preflight --project {project} --plan", "see what a training would take"),
        (f"brewslm train --project {project} --autopilot --one-click", "train and evaluate"),
    ]
    if dataset.tally.rejected:
        steps.append((f"brewslm dataset rejections --project {project}", "read all rejected rows"))
    first = tuple(row for _, row in zip(range(_SHOWN), rejections_of(session, job.project_id, dataset), strict=False))
    session.answer(told(job, dataset), *dataset_page(dataset, first), next_steps(*steps))


@app.command("rejections")
def rejections(
    project: options.ProjectId,
    reason: Annotated[str | None, typer.Option("--reason", help="Only rows that were rejected for this.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Write them as JSONL to this new file.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many are shown; a file holds all.")] = 50,
    as_json: options.AsJson = False,
) -> None:
    """List the rows of the newest dataset that did not become examples, with line, reason and text."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import rejection_table
    from brewslm.cli.session import open_session
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    dataset = session.shelf(project_id).read(Dataset, newest(session, project_id, "clean", "map_commit"))
    _refuse_unknown(reason)
    found = [row for row in rejections_of(session, project_id, dataset) if reason in {None, str(row.reason)}]
    if output is not None:
        _write(found, output)
        answer = {"dataset_id": dataset.id, "num_rejections": len(found), "output": output}
        session.answer(answer, f"Wrote {len(found):,} rejected rows to {output}")
        return
    if not found:
        session.answer({"dataset_id": dataset.id, "num_rejections": 0, "rejections": []}, "No rows were rejected.")
        return
    more = f"{len(found) - limit:,} more; write all with --output FILE" if len(found) > limit else ""
    answer = {"dataset_id": dataset.id, "num_rejections": len(found), "rejections": found}
    session.answer(answer, rejection_table(found[:limit]), more)


def rejections_of(session: "Session", project_id: "ProjectId", dataset: "Dataset") -> "Iterator[Rejection]":
    """Yield the rejected rows of a dataset; of a cleaned one, those of the version that was mapped."""
    from brewslm.core.artifacts.dataset import Dataset, Rejection

    shelf = session.shelf(project_id)
    while dataset.cleaned_from is not None:
        dataset = shelf.read(Dataset, dataset.cleaned_from)
    for file in dataset.files:
        if file.path.endswith("/rejections.parquet"):
            for batch in session.house.ports.tables.read(shelf.path(file.path), Rejection):
                yield from batch


def _refuse_unknown(reason: str | None) -> None:
    from brewslm.core.artifacts.dataset import RejectionReason

    known = [str(one) for one in RejectionReason]
    if reason is not None and reason not in known:
        message = f"{reason!r} is no reason of a rejection; choose one of {', '.join(known)}"
        raise typer.BadParameter(message, param_hint="--reason")


def _write(found: "list[Rejection]", output: Path) -> None:
    from dataclasses import asdict

    from brewslm.core.errors import ConflictError
    from brewslm.core.value import canonical_json

    if output.exists():
        message = f"{str(output)!r} exists already; name a new file"
        raise ConflictError(message)
    draft = output.with_name(f".{output.name}.partial")
    draft.write_text("".join(canonical_json(asdict(row)) + "\n" for row in found), encoding="utf-8")
    draft.replace(output)
