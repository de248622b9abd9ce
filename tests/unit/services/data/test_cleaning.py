"""A preview of a cleaning: the counts of the cleaning itself, and no trace of it."""

import json
from pathlib import Path

import pytest

from brewslm.core.artifacts.cleaning import ChunkRule, CleaningPlan, NearDuplicateRule, PiiRule
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.schema import Schema
from brewslm.core.errors import BaseModelError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.services.data.cleaning import CleaningPreviews
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.introspect.contract import IntrospectInputs
from brewslm.stages.mapping.contract import MapCommitInputs, MapDryRunInputs
from tests.unit.scene import Scene

PLAN = CleaningPlan(pii=PiiRule(policy="redact"), near_duplicates=NearDuplicateRule())


@pytest.fixture
def dataset_id(scene: Scene, tmp_path: Path) -> ArtifactId:
    rows = [{"question": f"Who is number {n % 9}?", "answer": f"It is user{n % 9}@example.org."} for n in range(12)]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    snapshot = scene.run_stage("ingest", IngestInputs(locator=str(source))).artifact_id
    assert snapshot
    schema = scene.run_stage("introspect", IntrospectInputs(snapshot_id=snapshot)).artifact_id
    assert schema
    shape = scene.shelf.read(Schema, schema).hypotheses[0].shape
    tried = MapDryRunInputs(snapshot_id=snapshot, schema_id=schema, as_shape=shape)
    mapping = scene.run_stage("map_dry_run", tried).artifact_id
    assert mapping
    made = scene.run_stage("map_commit", MapCommitInputs(snapshot_id=snapshot, mapping_id=mapping)).artifact_id
    assert made
    return made


@pytest.fixture
def previews(scene: Scene) -> CleaningPreviews:
    return CleaningPreviews(scene.ports, scene.projects)


def files(scene: Scene) -> set[Path]:
    return {path for path in scene.folder.rglob("*") if path.is_file()}


def test_a_preview_says_what_the_cleaning_does_and_leaves_nothing(
    scene: Scene, previews: CleaningPreviews, dataset_id: ArtifactId
) -> None:
    before = files(scene)
    preview = previews.preview(scene.project.id, PLAN)
    assert files(scene) == before
    assert list(scene.folder.glob(".draft-*")) == []
    assert preview.dataset_id == dataset_id
    made = scene.run_stage("clean", CleanInputs(dataset_id=dataset_id, plan=PLAN)).artifact_id
    assert made
    assert scene.shelf.read(Dataset, made).cleaning == preview.report
    assert preview.report.removed == {"exact_duplicate": 3}


def test_another_version_may_be_looked_at(scene: Scene, previews: CleaningPreviews, dataset_id: ArtifactId) -> None:
    scene.run_stage("clean", CleanInputs(dataset_id=dataset_id))
    assert previews.preview(scene.project.id, CleaningPlan()).report.removed == {}
    older = previews.preview(scene.project.id, CleaningPlan(), dataset_id=dataset_id, max_examples=10)
    assert (older.report.removed, older.report.is_whole) == ({"exact_duplicate": 1}, False)


def test_a_failing_preview_leaves_nothing_either(
    scene: Scene, previews: CleaningPreviews, dataset_id: ArtifactId
) -> None:
    plan = CleaningPlan(chunks=ChunkRule(size=20, base_model="no-such-model"))
    with pytest.raises(BaseModelError):
        previews.preview(scene.project.id, plan, dataset_id=dataset_id)
    assert list(scene.folder.glob(".draft-*")) == []


def test_without_a_dataset_there_is_nothing_to_clean(scene: Scene, previews: CleaningPreviews) -> None:
    with pytest.raises(NotFoundError, match="dataset import"):
        previews.preview(scene.project.id, PLAN)
    with pytest.raises(NotFoundError):
        previews.preview(ProjectId(99), PLAN)
