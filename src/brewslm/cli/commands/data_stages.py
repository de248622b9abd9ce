"""The data stages one by one: ingest, introspect, map."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from brewslm.cli import mapping_options, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.ids import ProjectId


def ingest(
    project: options.ProjectId,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=options.SOURCE_HELP)] = None,
    sample: Annotated[str | None, typer.Option("--sample", metavar="NAME", help="A bundled sample.")] = None,
    source_format: options.SourceFormat = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    has_header: options.HasHeader = None,
    max_malformed: options.MaxMalformed = 0.25,
    max_memory_mb: options.MaxMemory = 2048,
    max_seconds: options.MaxSeconds = 6 * 3600,
    as_json: options.AsJson = False,
) -> None:
    """01: turn a source into an immutable snapshot, and say how it was read."""
    from brewslm.cli.locators import delimiter_of, one_locator
    from brewslm.cli.render.data import snapshot_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.snapshot import Snapshot
    from brewslm.core.ids import ProjectId
    from brewslm.stages.ingest.contract import IngestInputs

    locator = one_locator(source, None, sample)
    session = open_session(is_json=as_json)
    inputs = IngestInputs(
        locator=locator,
        format=source_format,
        encoding=encoding,
        delimiter=delimiter_of(delimiter),
        has_header=has_header,
        max_malformed_share=max_malformed,
        max_memory_mb=max_memory_mb,
        max_seconds=max_seconds,
    )
    job = session.do(ProjectId(project), "ingest", inputs)
    made = product(session, job, Snapshot)
    follow_up = session.next_steps(job, (f"brewslm introspect --project {project}", "see how it can be read"))
    session.answer(told(job, made), *snapshot_page(made), follow_up)


def introspect(
    project: options.ProjectId,
    as_shape: options.AsShape = None,
    asks_model: Annotated[
        bool, typer.Option("--ask-model", help="Ask BREWSLM_ADVISOR_MODEL too: it sees names and five cut rows.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """02: look at the newest snapshot and rank the ways to read it."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import schema_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.schema import Schema
    from brewslm.core.ids import ProjectId
    from brewslm.stages.introspect.contract import IntrospectInputs

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    snapshot_id = newest(session, project_id, "ingest")
    inputs = IntrospectInputs(snapshot_id=snapshot_id, as_shape=as_shape, asks_model=asks_model)
    job = session.do(project_id, "introspect", inputs)
    made = product(session, job, Schema)
    command = f"brewslm map --dry-run --project {project}"
    steps = [(command, "try the mapping")]
    if made.chosen is None:
        steps = [(f"{command} --as {one.shape}", f"read it as {one.shape}") for one in made.hypotheses[:2]]
        steps.append((f"{command} --column ROLE=COLUMN", "name the columns yourself"))
    session.answer(told(job, made), *schema_page(made), session.next_steps(job, *steps))


def map_rows(
    project: options.ProjectId,
    is_dry_run: Annotated[bool | None, typer.Option("--dry-run/--commit", help="Try, or write the dataset.")] = None,
    as_shape: options.AsShape = None,
    columns: mapping_options.Columns = None,
    mapping: mapping_options.MappingFile = None,
    mapper: mapping_options.Mapper = None,
    saved: Annotated[str | None, typer.Option("--saved", metavar="NAME[@N]", help="A mapping saved before.")] = None,
    labels: mapping_options.Labels = None,
    tags: mapping_options.Tags = None,
    instruction: mapping_options.Instruction = None,
    max_characters: mapping_options.MaxCharacters = None,
    save: Annotated[str | None, typer.Option("--save", metavar="NAME", help="Save the mapping that was tried.")] = None,
    plan_hash: Annotated[
        str | None, typer.Option("--plan", metavar="HASH", help="Commit only this plan, as the dry run showed it.")
    ] = None,
    min_coverage: mapping_options.MinCoverage = 0.95,
    as_json: options.AsJson = False,
) -> None:
    """03 and 04: try the mapping without writing anything, or commit what was tried."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    if is_dry_run is None:
        message = "say --dry-run to try the mapping, or --commit to write what was tried"
        raise typer.BadParameter(message, param_hint="--dry-run / --commit")
    choices = mapping_options.choices_from(
        as_shape, columns, mapping, mapper, labels, tags, instruction, max_characters
    )
    if choices and not is_dry_run:
        message = "a commit writes what the dry run showed; name shape and columns there"
        raise typer.BadParameter(message, param_hint="--as")
    if saved is not None and (mapping is not None or not is_dry_run):
        message = "name one mapping, a file or a saved one, to a dry run"
        raise typer.BadParameter(message, param_hint="--saved")
    session, project_id = open_session(is_json=as_json), ProjectId(project)
    if saved is not None:
        choices["mapping"] = session.house.mappings.get(project_id, saved).spec
    if is_dry_run:
        _try_mapping(session, project_id, choices, save)
    else:
        _commit_mapping(session, project_id, plan_hash, min_coverage)


def _try_mapping(session: "Session", project_id: "ProjectId", choices: dict[str, Any], save: str | None) -> None:
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import preview_page
    from brewslm.cli.session import product, told, validated
    from brewslm.core.artifacts.mapping import MappingPreview
    from brewslm.core.artifacts.schema import Schema
    from brewslm.stages.mapping.contract import MapDryRunInputs

    schema_id = newest(session, project_id, "introspect")
    schema = session.shelf(project_id).read(Schema, schema_id)
    inputs = validated(MapDryRunInputs, snapshot_id=schema.snapshot_id, schema_id=schema_id, **choices)
    job = session.do(project_id, "map_dry_run", inputs)
    made = product(session, job, MappingPreview)
    steps = [(f"brewslm map --commit --project {project_id}", "write the dataset")]
    more: dict[str, object] = {}
    if save is not None:
        kept = session.house.mappings.save_preview(project_id, save, made.id)
        more["saved"] = kept
        steps.append(
            (f"brewslm map --dry-run --project {project_id} --saved {kept.name}@{kept.version}", "run it again")
        )
    session.answer(told(job, made, **more), *preview_page(made), session.next_steps(job, *steps))


def _commit_mapping(session: "Session", project_id: "ProjectId", plan_hash: str | None, min_coverage: float) -> None:
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import dataset_page
    from brewslm.cli.session import product, told
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.artifacts.mapping import MappingPreview
    from brewslm.stages.mapping.contract import MapCommitInputs

    mapping_id = newest(session, project_id, "map_dry_run")
    preview = session.shelf(project_id).read(MappingPreview, mapping_id)
    inputs = MapCommitInputs(
        mapping_id=mapping_id,
        snapshot_id=preview.plan.snapshot_id,
        plan_hash=plan_hash or preview.plan_hash,
        min_coverage=min_coverage,
    )
    job = session.do(project_id, "map_commit", inputs)
    made = product(session, job, Dataset)
    follow_up = session.next_steps(
        job,
        (f"brewslm clean --project {project_id}", "take out duplicates; see --help for more"),
        (f"brewslm prepare --project {project_id}", "split and tokenise"),
    )
    session.answer(told(job, made), *dataset_page(made, preview.rejected_sample[:5]), follow_up)
