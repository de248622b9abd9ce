"""The import flow: stages 01 to 04 in one go, when the mapping is certain."""

from typing import Any

from pydantic import ValidationError

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.mapping import MappingChoices
from brewslm.core.artifacts.schema import Schema
from brewslm.core.errors import InvalidRequestError, MappingAmbiguousError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId
from brewslm.services.flows import FlowOutcome, FlowRun, Purpose
from brewslm.services.requests import ImportRequest
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.introspect.contract import IntrospectInputs
from brewslm.stages.mapping.contract import MapCommitInputs, MapDryRunInputs


def import_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Read a source and commit it as a dataset."""
    request = ImportRequest.model_validate(payload)
    dataset_id = import_dataset(request, run)
    dataset = run.shelf.read(Dataset, dataset_id)
    tally = dataset.tally
    return FlowOutcome(
        artifact_id=dataset_id,
        event=Draft(
            reason=Reason.AUTOPILOT,
            summary=(
                f"Imported {tally.total} rows as {dataset.shape}: {tally.accepted} accepted, "
                f"{tally.repaired} repaired, {tally.rejected} rejected"
            ),
            payload=Autopilot(stages=("ingest", "introspect", "map_dry_run", "map_commit"), verdict="imported"),
        ),
    )


def import_dataset(request: ImportRequest, run: FlowRun, *, purpose: Purpose = "flow") -> ArtifactId:
    """Run the four stages and return the dataset.

    Raises:
        InvalidRequestError: ingest knows no such reading.
        MappingAmbiguousError: no reading is certain, and none was given.
    """
    ingest = _ingest_inputs(request)
    snapshot_id = run.step("ingest", ingest, share=0.05, purpose=purpose)
    choices = {name: getattr(request, name) for name in MappingChoices.model_fields}
    seen = IntrospectInputs(
        snapshot_id=snapshot_id,
        as_shape=None if request.names_columns else request.as_shape,
        sample_size=request.sample_size,
    )
    schema_id = run.step("introspect", seen, share=0.4, purpose=purpose)
    schema = run.shelf.read(Schema, schema_id)
    if schema.chosen is None and not (request.names_columns and request.shape is not None):
        project = run.claim.job.project_id
        command = f"`brewslm map --dry-run --project {project}`"
        raise MappingAmbiguousError(
            f"{schema.problem} The snapshot is kept: give the choice here again, or to {command}."
        )
    tried = MapDryRunInputs(snapshot_id=snapshot_id, schema_id=schema_id, **choices)
    mapping_id = run.step("map_dry_run", tried, share=0.6, purpose=purpose)
    commit = MapCommitInputs(snapshot_id=snapshot_id, mapping_id=mapping_id, min_coverage=request.min_coverage)
    return run.step("map_commit", commit, share=0.8, purpose=purpose)


def _ingest_inputs(request: ImportRequest) -> IngestInputs:
    try:
        return IngestInputs.model_validate({**request.reading, "locator": request.locator})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        message = f"the reading {name}={first['input']!r} cannot be used: {first['msg']}; see `brewslm ingest --help`"
        raise InvalidRequestError(message) from error
