"""The data stages one by one: ingest, introspect, map, clean, prepare."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

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
    from brewslm.cli.render.parts import next_steps
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
    follow_up = next_steps((f"brewslm introspect --project {project}", "see how it can be read"))
    session.answer(told(job, made), *snapshot_page(made), follow_up)


def introspect(project: options.ProjectId, as_shape: options.AsShape = None, as_json: options.AsJson = False) -> None:
    """02: look at the newest snapshot and rank the ways to read it."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import schema_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.schema import Schema
    from brewslm.core.ids import ProjectId
    from brewslm.stages.introspect.contract import IntrospectInputs

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    snapshot_id = newest(session, project_id, "ingest")
    job = session.do(project_id, "introspect", IntrospectInputs(snapshot_id=snapshot_id, as_shape=as_shape))
    made = product(session, job, Schema)
    follow_up = next_steps((f"brewslm map --dry-run --project {project}", "try the mapping"))
    session.answer(told(job, made), *schema_page(made), follow_up)


def map_rows(
    project: options.ProjectId,
    is_dry_run: Annotated[bool | None, typer.Option("--dry-run/--commit", help="Try, or write the dataset.")] = None,
    as_shape: options.AsShape = None,
    as_json: options.AsJson = False,
) -> None:
    """03 and 04: try the mapping without writing anything, or commit what was tried."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    if is_dry_run is None:
        message = "say --dry-run to try the mapping, or --commit to write what was tried"
        raise typer.BadParameter(message, param_hint="--dry-run / --commit")
    if as_shape is not None and not is_dry_run:
        message = "a commit writes what the dry run showed; name the shape there"
        raise typer.BadParameter(message, param_hint="--as")
    session = open_session(is_json=as_json)
    if is_dry_run:
        _try_mapping(session, ProjectId(project), as_shape)
    else:
        _commit_mapping(session, ProjectId(project))


def _try_mapping(session: "Session", project_id: "ProjectId", as_shape: str | None) -> None:
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import preview_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import product, told, validated
    from brewslm.core.artifacts.mapping import MappingPreview
    from brewslm.core.artifacts.schema import Schema
    from brewslm.stages.mapping.contract import MapDryRunInputs

    schema_id = newest(session, project_id, "introspect")
    schema = session.shelf(project_id).read(Schema, schema_id)
    inputs = validated(MapDryRunInputs, snapshot_id=schema.snapshot_id, schema_id=schema_id, as_shape=as_shape)
    job = session.do(project_id, "map_dry_run", inputs)
    made = product(session, job, MappingPreview)
    follow_up = next_steps((f"brewslm map --commit --project {project_id}", "write the dataset"))
    session.answer(told(job, made), *preview_page(made), follow_up)


def _commit_mapping(session: "Session", project_id: "ProjectId") -> None:
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import dataset_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import product, told
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.artifacts.mapping import MappingPreview
    from brewslm.stages.mapping.contract import MapCommitInputs

    mapping_id = newest(session, project_id, "map_dry_run")
    preview = session.shelf(project_id).read(MappingPreview, mapping_id)
    inputs = MapCommitInputs(mapping_id=mapping_id, snapshot_id=preview.plan.snapshot_id, plan_hash=preview.plan_hash)
    job = session.do(project_id, "map_commit", inputs)
    made = product(session, job, Dataset)
    follow_up = next_steps(
        (f"brewslm clean --project {project_id}", "take out exact duplicates"),
        (f"brewslm prepare --project {project_id}", "split and tokenise"),
    )
    session.answer(told(job, made), *dataset_page(made, preview.rejected_sample[:5]), follow_up)


def clean(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """05: take exact duplicates out of the newest dataset."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import dataset_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.ids import ProjectId
    from brewslm.stages.clean.contract import CleanInputs

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    job = session.do(project_id, "clean", CleanInputs(dataset_id=newest(session, project_id, "clean", "map_commit")))
    made = product(session, job, Dataset)
    follow_up = next_steps((f"brewslm prepare --project {project}", "split and tokenise"))
    session.answer(told(job, made), *dataset_page(made), follow_up)


def prepare(
    project: options.ProjectId,
    base_model: options.BaseModel = None,
    max_seq_len: options.MaxSeqLen = None,
    as_json: options.AsJson = False,
) -> None:
    """06: split the newest dataset and tokenise it for a base model."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.data import manifest_page
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.manifest import Manifest
    from brewslm.core.ids import ProjectId
    from brewslm.services.preparing import preparation_for

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    dataset_id = newest(session, project_id, "clean", "map_commit")
    inputs = preparation_for(
        session.house.projects.get(project_id),
        dataset_id,
        session.house.ports.base_models,
        base_model=base_model,
        max_seq_len=max_seq_len,
    )
    job = session.do(project_id, "prepare", inputs)
    made = product(session, job, Manifest)
    follow_up = next_steps((f"brewslm preflight --project {project} --plan", "see what a training would take"))
    session.answer(told(job, made), *manifest_page(made), follow_up)
