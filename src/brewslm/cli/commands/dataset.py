"""`brewslm dataset …`: import data with an account of every row, and look at what was rejected."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import mapping_options, options

if TYPE_CHECKING:
    from brewslm.services.data.rejections import Format, RejectionFilter

app = typer.Typer(help="Datasets: from a source to examples, with every row accounted for.", no_args_is_help=True)

_SHOWN = 5
_PAGED = {"dataset_id", "reasons", "start", "next_start"}


@app.command("import", short_help="Read a source as a dataset: 01 to 04 in one go.")
def import_(
    project: options.ProjectId,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=options.SOURCE_HELP)] = None,
    sample: Annotated[str | None, typer.Option("--sample", metavar="NAME", help="A bundled sample.")] = None,
    source_option: Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="As the argument.")] = None,
    as_shape: options.AsShape = None,
    columns: mapping_options.Columns = None,
    mapping: mapping_options.MappingFile = None,
    mapper: mapping_options.Mapper = None,
    labels: mapping_options.Labels = None,
    tags: mapping_options.Tags = None,
    instruction: mapping_options.Instruction = None,
    max_characters: mapping_options.MaxCharacters = None,
    min_coverage: mapping_options.MinCoverage = 0.95,
    source_format: options.SourceFormat = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    has_header: options.HasHeader = None,
    max_malformed: options.MaxMalformed = 0.25,
    as_json: options.AsJson = False,
) -> None:
    """Read a source and commit it as a dataset: stages 01 to 04 in one go, where the mapping is certain."""
    from brewslm.cli.locators import delimiter_of, one_locator
    from brewslm.cli.render.data import dataset_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session, product, told, validated
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import ImportRequest

    locator = one_locator(source, source_option, sample)
    session = open_session(is_json=as_json)
    choices = mapping_options.choices_from(
        as_shape, columns, mapping, mapper, labels, tags, instruction, max_characters
    )
    reading = {
        "format": source_format,
        "encoding": encoding,
        "delimiter": delimiter_of(delimiter),
        "has_header": has_header,
        "max_malformed_share": max_malformed,
    }
    given = {name: value for name, value in reading.items() if value is not None}
    request = validated(ImportRequest, locator=locator, reading=given, min_coverage=min_coverage, **choices)
    job = session.do(ProjectId(project), "import", request)
    dataset = product(session, job, Dataset)
    steps = [
        (f"brewslm preflight --project {project} --plan", "see what a training would take"),
        (f"brewslm train --project {project} --autopilot --one-click", "train and evaluate"),
    ]
    if dataset.tally.rejected:
        steps.append((f"brewslm dataset rejections --project {project}", "read all rejected rows"))
    first = session.house.rejections.page(job.project_id, dataset.id, limit=_SHOWN).rows
    session.answer(told(job, dataset), *dataset_page(dataset, first), next_steps(*steps))


@app.command("rejections", short_help="List the rows that did not become examples.")
def rejections(
    project: options.ProjectId,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="REASON", help="Only rows that were rejected for this.")
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="NAME", help="Only rows of this file of the source.")
    ] = None,
    contains: Annotated[str, typer.Option("--contains", metavar="TEXT", help="Only rows that hold this text.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write them all to this new file: .jsonl or .csv.")
    ] = None,
    start: Annotated[int, typer.Option("--start", min=0, metavar="NUMBER", help="How many are skipped.")] = 0,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, metavar="NUMBER", help="How many are shown.")
    ] = 50,
    as_json: options.AsJson = False,
) -> None:
    """List the rows of the newest dataset that did not become examples, with line, reason and text."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import rejection_table
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    dataset_id = newest(session, project_id, "clean", "map_commit")
    wanted = _filter(reason, file, contains)
    if output is not None:
        form: Format = "csv" if output.suffix.lower() == ".csv" else "jsonl"
        dataset_id, _ = session.house.rejections.mapped(project_id, dataset_id)
        num_written = _write(session.house.rejections.download(project_id, dataset_id, wanted, form=form), output)
        num_written -= form == "csv"
        answer = {"dataset_id": dataset_id, "num_rejections": num_written, "output": output}
        session.answer(answer, f"Wrote {num_written:,} rejected rows to {output}")
        return
    page = session.house.rejections.page(project_id, dataset_id, wanted, start=start, limit=limit)
    answer = {"num_rejections": page.num_rejected, "rejections": page.rows, **page.model_dump(include=_PAGED)}
    if not page.rows:
        session.answer(answer, "No rows were rejected." if not page.num_rejected else "No such rows were rejected.")
        return
    more = ""
    if page.next_start is not None:
        more = f"There are more: show them with --start {page.next_start}, or write all with --output FILE"
    session.answer(answer, rejection_table(page.rows), more)


@app.command("repair", short_help="Run rejected rows again that you have mended.")
def repair(
    project: options.ProjectId,
    file: Annotated[
        Path,
        typer.Option("--file", metavar="FILE", help="Mended rows: JSON lines with source_row and record (or raw)."),
    ],
    as_json: options.AsJson = False,
) -> None:
    """Run rejected rows that you have mended again, by the same mapping; the result is the next version."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import dataset_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.ids import ProjectId
    from brewslm.services.data.rejections import RejectionFilter, mended_rows

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    rows = mended_rows(_lines(file), name=str(file))
    dataset_id = newest(session, project_id, "clean", "map_commit")
    service = session.house.rejections
    _, before = service.mapped(project_id, dataset_id)
    job = session.do(project_id, "map_commit", service.repair(project_id, dataset_id, rows))
    dataset = product(session, job, Dataset)
    steps = [(f"brewslm clean --project {project}", "clean this version")]
    if dataset.tally.rejected:
        steps.append((f"brewslm dataset rejections --project {project}", "read what is still rejected"))
    first = service.page(project_id, dataset.id, RejectionFilter(), limit=_SHOWN).rows
    num_mended = before.tally.rejected - dataset.tally.rejected
    words = f"{num_mended:,} of {len(rows):,} mended rows became examples."
    session.answer(told(job, dataset, num_mended=num_mended), words, *dataset_page(dataset, first), next_steps(*steps))


def _filter(reason: str | None, file: str | None, contains: str) -> "RejectionFilter":
    from brewslm.core.artifacts.dataset import RejectionReason
    from brewslm.services.data.rejections import RejectionFilter

    known = [str(one) for one in RejectionReason]
    if reason is not None and reason not in known:
        message = f"{reason!r} is no reason of a rejection; choose one of {', '.join(known)}"
        raise typer.BadParameter(message, param_hint="--reason")
    return RejectionFilter(reason=None if reason is None else RejectionReason(reason), file=file, contains=contains)


def _lines(file: Path) -> list[str]:
    from brewslm.core.errors import InvalidRequestError

    try:
        return file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        message = f"{str(file)!r} cannot be read ({error.strerror}); name a file of mended rows"
        raise InvalidRequestError(message) from error
    except UnicodeDecodeError as error:
        message = f"{str(file)!r} is not UTF-8 (byte {error.start:,}); save it as UTF-8"
        raise InvalidRequestError(message) from error


def _write(lines: "Iterator[str]", output: Path) -> int:
    from brewslm.core.errors import ConflictError

    if output.exists():
        message = f"{str(output)!r} exists already; name a new file"
        raise ConflictError(message)
    draft = output.with_name(f".{output.name}.partial")
    num_lines = 0
    with draft.open("w", encoding="utf-8", newline="") as file:
        for line in lines:
            file.write(line)
            num_lines += 1
    draft.replace(output)
    return num_lines
