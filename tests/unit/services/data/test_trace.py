"""Every row of a source has one way, and the trace tells it."""

import json
from pathlib import Path

import pytest

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId
from brewslm.services.audit.audit import Audit
from brewslm.services.data.browsing import Browsing
from brewslm.services.data.trace import Sighting, Tracing, fate_of
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.introspect.contract import IntrospectInputs
from brewslm.stages.mapping.contract import MapCommitInputs, MapDryRunInputs
from brewslm.stages.prepare.contract import PrepareInputs
from tests.unit.scene import Scene

EMPTY, BROKEN, TWICE, LONG = 10, 11, 12, 13


@pytest.fixture
def tracing(scene: Scene) -> Tracing:
    browsing, audit = Browsing(scene.ports), Audit(scene.storage, scene.store)
    return Tracing(scene.ports, scene.projects, browsing, audit)


@pytest.fixture
def dataset_id(scene: Scene, tmp_path: Path) -> ArtifactId:
    """Fourteen rows: ten good ones, one empty, one broken, one said twice, one too long to train on."""
    lines = [json.dumps({"question": f"What is {number}?", "answer": f"A number {number}."}) for number in range(10)]
    lines += [json.dumps({"question": "Empty?", "answer": ""}), "{broken", lines[3]]
    lines += [json.dumps({"question": "Long?", "answer": "very " * 4000})]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(lines))
    snapshot = _made(scene, "ingest", IngestInputs(locator=str(source)))
    schema = _made(scene, "introspect", IntrospectInputs(snapshot_id=snapshot, as_shape="qa"))
    mapping = _made(scene, "map_dry_run", MapDryRunInputs(snapshot_id=snapshot, schema_id=schema))
    return _made(scene, "map_commit", MapCommitInputs(snapshot_id=snapshot, mapping_id=mapping, min_coverage=0.5))


def _made(scene: Scene, stage: str, inputs: object) -> ArtifactId:
    made = scene.run_stage(stage, inputs).artifact_id  # type: ignore[arg-type]  # names and inputs of real stages
    assert made is not None
    return made


def test_before_the_splits_a_row_is_an_example_or_rejected(tracing: Tracing, scene: Scene, dataset_id: str) -> None:
    good, empty, broken = (tracing.trace(scene.project.id, row) for row in (0, EMPTY, BROKEN))
    assert [one.table for one in good.sightings] == ["rows", "examples"]
    assert "has not been split yet" in good.fate
    assert [one.table for one in empty.sightings] == ["rows", "rejections"]
    assert empty.fate == "It was rejected: empty_completion, the field 'answer' is empty."
    assert broken.fate.startswith("It was rejected: malformed_record, not JSON")
    assert good.sightings[1].artifact_id == dataset_id


def test_every_row_has_exactly_one_fate(tracing: Tracing, scene: Scene, dataset_id: ArtifactId) -> None:
    cleaned = _made(scene, "clean", CleanInputs(dataset_id=dataset_id))
    ports = scene.ports_with(base_models=LocalBaseModels(is_offline=True))
    wanted = PrepareInputs(dataset_id=cleaned, base_model="brewslm-tiny-v1", max_seq_len=64)
    assert scene.runner(ports=ports).run(scene.queue("prepare", wanted).id).artifact_id
    total = scene.shelf.read(Dataset, dataset_id).tally.total
    fates = [tracing.trace(scene.project.id, row).fate for row in range(total)]
    splits = {f"It is in {name}." for name in ("train", "eval", "test")}
    assert set(fates[:EMPTY]) == splits
    assert fates[TWICE] == "Cleaning removed it: exact_duplicate."
    assert fates[LONG] == "It is too long for a split, and was left out."
    assert all(fate.startswith("It was rejected: ") for fate in (fates[EMPTY], fates[BROKEN]))


def test_a_row_that_the_template_refuses_is_told_with_its_words() -> None:
    row = {"reason": "template_refused", "detail": "The chat template refuses a conversation of system, user: No."}
    sighting = Sighting(artifact_id=ArtifactId("manifest-1"), kind="manifest", table="dropped", row=row)
    told = fate_of([sighting], ArtifactId("dataset-1"))
    assert told == f"It is in no split. {row['detail']}"


def test_a_row_that_is_not_there_is_named(tracing: Tracing, scene: Scene, dataset_id: str) -> None:
    assert dataset_id
    with pytest.raises(NotFoundError, match="there is no row 14; the source has 14"):
        tracing.trace(scene.project.id, 14)


def test_without_a_dataset_there_is_no_way_to_tell(tracing: Tracing, scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="no dataset yet"):
        tracing.trace(scene.project.id, 0)
