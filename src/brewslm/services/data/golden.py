"""The golden flow: examples of a file or of a split are locked, and never trained on from then on."""

import shutil
from pathlib import Path
from typing import Any

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import GoldenAdded
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId
from brewslm.core.wire.shard import EXAMPLES_FILE
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.importing import import_dataset
from brewslm.services.recording import record_of
from brewslm.services.requests import GoldenRequest, ImportRequest


def golden_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Lock a golden set, or the next version of one.

    Raises:
        ConflictError: these examples are locked under this name and purpose already.
        NotFoundError: there are no splits to take it from.
    """
    request = GoldenRequest.model_validate(payload)
    shelf = run.shelf
    if request.from_split is not None:
        manifest_id, source, dataset_id = _of_split(request.from_split, run)
        origin = f"split {request.from_split} of {manifest_id}"
    else:
        manifest_id, origin = None, request.locator or ""
        wanted = ImportRequest(locator=origin, as_shape=request.as_shape)
        dataset_id = import_dataset(wanted, run, purpose="evaluation")
        dataset = shelf.read(Dataset, dataset_id)
        source = shelf.path(next(file.path for file in dataset.files if file.path.endswith(f"/{EXAMPLES_FILE}")))
        origin = Path(origin).name or origin
    draft = shelf.draft()
    shutil.copyfile(source, draft / EXAMPLES_FILE)
    files = shelf.publish(draft, room="goldens")
    older = [one for one in shelf.all(Golden) if one.name == request.name]
    same = next((one for one in older if one.files == files and one.purpose == request.purpose), None)
    if same is not None:
        message = f"these examples are locked already, as {same.title} ({same.id}); there is nothing to do"
        raise ConflictError(message)
    golden = Golden(
        files=files,
        name=request.name,
        version=1 + max((one.version for one in older), default=0),
        purpose=request.purpose,
        origin=origin,
        manifest_id=manifest_id,
        dataset_id=dataset_id,
        shape=shelf.read(Dataset, dataset_id).shape,
        num_examples=run.ports.tables.outline(shelf.path(files[0].path)).num_rows,
    )
    return _outcome(golden, run)


def _of_split(name: SplitName, run: FlowRun) -> tuple[ArtifactId, Path, ArtifactId]:
    manifest_id = run.current("prepare")
    if manifest_id is None:
        project = run.claim.job.project_id
        message = f"project {project} has no splits yet; make them with `brewslm prepare --project {project}`"
        raise NotFoundError(message)
    manifest = run.shelf.read(Manifest, manifest_id)
    source = run.shelf.path(f"{manifest.split(name).folder}/{EXAMPLES_FILE}")
    return manifest_id, source, manifest.dataset_id


def _outcome(golden: Golden, run: FlowRun) -> FlowOutcome:
    parents = (golden.dataset_id, *((golden.manifest_id,) if golden.manifest_id is not None else ()))
    made = record_of(golden, run.claim.job, parents=parents, created_at=run.ports.clock.now())
    payload = GoldenAdded(
        golden_id=golden.id,
        name=golden.name,
        version=golden.version,
        purpose=golden.purpose,
        num_examples=golden.num_examples,
    )
    summary = f"Golden set {golden.title} was locked: {golden.num_examples:,} examples for {golden.purpose}"
    event = Draft(Reason.PREPARATION_LOCKED, summary, payload)
    return FlowOutcome(artifact_id=made.id, event=event, made=made)
