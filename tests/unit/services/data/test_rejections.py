"""Rejected rows are paged, filtered, downloaded and mended."""

import csv
import io
import json
from pathlib import Path

import pytest

from brewslm.core.artifacts.dataset import Dataset, RejectionReason
from brewslm.core.errors import InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId
from brewslm.services.data.rejections import MendedRow, RejectionFilter, Rejections, mended_rows
from brewslm.services.importing import import_flow
from brewslm.services.requests import ImportRequest
from brewslm.stages.clean.contract import CleanInputs
from tests.unit.scene import Scene

NUM_BAD = 7


@pytest.fixture
def rejections(scene: Scene) -> Rejections:
    return Rejections(scene.ports)


@pytest.fixture
def dataset_id(scene: Scene, tmp_path: Path) -> ArtifactId:
    rows = [{"prompt": f"p {n}", "completion": f"c {n}"} for n in range(40)]
    bad = [{"prompt": f"=cmd {n}"} for n in range(NUM_BAD - 1)]
    source = tmp_path / "data.jsonl"
    source.write_text("\n".join([*map(json.dumps, [*rows, *bad]), "=broken"]), encoding="utf-8")
    job = scene.queue("import", ImportRequest(locator=str(source), min_coverage=0.5))
    scene.runner({"import": import_flow}).run(job.id)
    made = scene.job(job.id).artifact_id
    assert made is not None, scene.job(job.id).error
    return made


def test_a_page_says_where_the_next_begins(scene: Scene, rejections: Rejections, dataset_id: ArtifactId) -> None:
    first = rejections.page(scene.project.id, dataset_id, limit=4)
    assert (first.num_rejected, first.next_start) == (NUM_BAD, 4)
    assert first.reasons == {"missing_field": NUM_BAD - 1, "malformed_record": 1}
    last = rejections.page(scene.project.id, dataset_id, start=4, limit=4)
    assert last.next_start is None
    assert [row.source_row for row in (*first.rows, *last.rows)] == list(range(40, 40 + NUM_BAD))
    assert rejections.page(scene.project.id, dataset_id, start=NUM_BAD).rows == ()


@pytest.mark.parametrize(
    ("wanted", "num_rows"),
    [
        (RejectionFilter(reason=RejectionReason.MALFORMED_RECORD), 1),
        (RejectionFilter(contains="CMD 3"), 1),
        (RejectionFilter(contains="is missing"), NUM_BAD - 1),
        (RejectionFilter(file="other.jsonl"), 0),
        (RejectionFilter(), NUM_BAD),
    ],
)
def test_filters_narrow(
    scene: Scene, rejections: Rejections, dataset_id: ArtifactId, wanted: RejectionFilter, num_rows: int
) -> None:
    assert len(list(rejections.each(scene.project.id, dataset_id, wanted))) == num_rows
    assert len(rejections.page(scene.project.id, dataset_id, wanted).rows) == num_rows


def test_a_csv_holds_no_formula(scene: Scene, rejections: Rejections, dataset_id: ArtifactId) -> None:
    text = "".join(rejections.download(scene.project.id, dataset_id, form="csv"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == NUM_BAD
    assert rows[-1]["raw"] == "'=broken"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_download_mended_by_hand_becomes_the_next_version(
    scene: Scene, rejections: Rejections, dataset_id: ArtifactId
) -> None:
    lines = list(rejections.download(scene.project.id, dataset_id))
    mended = [line.replace('=cmd 0\\"', '=cmd 0\\", \\"completion\\": \\"done\\"') for line in lines]
    inputs = rejections.repair(scene.project.id, dataset_id, mended_rows(mended[:1], name="x"))
    job = scene.run_stage("map_commit", inputs)
    after = scene.read(Dataset, job)
    assert after.tally.repaired == 1
    assert after.tally.rejected == NUM_BAD - 1
    assert after.repaired_from == dataset_id
    assert rejections.page(scene.project.id, after.id).num_rejected == NUM_BAD - 1
    (record,) = [one for one in scene.projects.artifacts(scene.project.id, kind="dataset") if one.id == after.id]
    assert dataset_id in record.parents


def test_of_a_cleaned_version_the_mapped_one_is_repaired(
    scene: Scene, rejections: Rejections, dataset_id: ArtifactId
) -> None:
    cleaned = scene.read(Dataset, scene.run_stage("clean", CleanInputs(dataset_id=dataset_id)))
    assert rejections.page(scene.project.id, cleaned.id).dataset_id == dataset_id
    row = MendedRow(source_row=40, record={"prompt": "p", "completion": "c"})
    assert rejections.repair(scene.project.id, cleaned.id, [row]).repaired_from == dataset_id


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["", " "], "names no rows"),
        (["{"], "line 1 of 'f' is no JSON"),
        (['{"source_row": "1", "record": {}}'], "line 1 of 'f' must hold source_row"),
        (['{"source_row": true, "record": {"a": 1}}'], "must hold source_row"),
        (['{"source_row": 1}'], "must hold source_row"),
        (['{"source_row": -1, "record": {"a": 1}}'], "counted from 0"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(lines: list[str], words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        mended_rows(lines, name="f")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([MendedRow(source_row=40, record="nope")], "row 40 is no JSON"),
        ([MendedRow(source_row=40, record="[1]")], "row 40 is no JSON object"),
        ([MendedRow(source_row=40, record={"a": float("nan")})], "row 40 is no JSON"),
        ([MendedRow(source_row=40, record={"a": 1})] * 2, "named twice"),
        ([MendedRow(source_row=n, record={"a": "x" * 1000}) for n in range(4_001)], "too much for one repair"),
    ],
)
def test_records_that_are_none_are_refused(
    scene: Scene, rejections: Rejections, dataset_id: ArtifactId, rows: list[MendedRow], words: str
) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        rejections.repair(scene.project.id, dataset_id, rows)


def test_a_dataset_that_is_not_there_is_not_found(scene: Scene, rejections: Rejections) -> None:
    with pytest.raises(NotFoundError):
        rejections.page(scene.project.id, ArtifactId("dataset-0123456789abcdef"))
