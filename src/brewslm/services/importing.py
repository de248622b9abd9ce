"""The import flow: stages 01 to 04 in one go, when the mapping is certain."""

from typing import Any

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.schema import Schema
from brewslm.core.data.example import Shape
from brewslm.core.errors import MappingAmbiguousError
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
    dataset_id = import_dataset(request.locator, run, as_shape=request.as_shape)
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


def import_dataset(locator: str, run: FlowRun, *, as_shape: Shape | None, purpose: Purpose = "flow") -> ArtifactId:
    """Run the four stages and return the dataset.

    Raises:
        MappingAmbiguousError: no reading is certain, and none was given.
    """
    snapshot_id = run.step("ingest", IngestInputs(locator=locator), share=0.05, purpose=purpose)
    seen = IntrospectInputs(snapshot_id=snapshot_id, as_shape=as_shape)
    schema_id = run.step("introspect", seen, share=0.4, purpose=purpose)
    schema = run.shelf.read(Schema, schema_id)
    if schema.chosen is None:
        raise MappingAmbiguousError(schema.problem)
    tried = MapDryRunInputs(snapshot_id=snapshot_id, schema_id=schema_id)
    mapping_id = run.step("map_dry_run", tried, share=0.6, purpose=purpose)
    commit = MapCommitInputs(snapshot_id=snapshot_id, mapping_id=mapping_id)
    return run.step("map_commit", commit, share=0.8, purpose=purpose)
