"""Looking into tables: any page, nothing outside, and long cells cut."""

from pathlib import Path

import pytest

from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.errors import ArtifactDamagedError, InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId
from brewslm.services.data.browsing import MAX_CELL_CHARACTERS, Browsing, conditions
from brewslm.stages.ingest.contract import IngestInputs
from tests.unit.scene import Scene

NUM_ROWS = 9000


@pytest.fixture
def browsing(scene: Scene) -> Browsing:
    return Browsing(scene.ports)


@pytest.fixture
def snapshot(scene: Scene, tmp_path: Path) -> ArtifactRecord:
    source = tmp_path / "rows.jsonl"
    long = "x" * (MAX_CELL_CHARACTERS + 1)
    source.write_text("".join(f'{{"n":{n}}}\n' for n in range(NUM_ROWS - 1)) + f'{{"n":"{long}"}}\n')
    scene.run_stage("ingest", IngestInputs(locator=str(source)))
    (record,) = scene.projects.artifacts(scene.project.id, kind="snapshot")
    return record


def test_tables_are_listed_by_name_with_their_rows(scene: Scene, browsing: Browsing, snapshot: ArtifactRecord) -> None:
    (table,) = browsing.tables(scene.project.id, snapshot.id)
    assert (table.name, table.num_rows) == ("rows", NUM_ROWS)
    assert table.size_bytes > 0


@pytest.mark.parametrize("start", [0, 4095, 4096, NUM_ROWS - 3])
def test_a_page_begins_anywhere(scene: Scene, browsing: Browsing, snapshot: ArtifactRecord, start: int) -> None:
    page = browsing.page(scene.project.id, snapshot.id, "rows", start=start, limit=2)
    assert (page.num_rows, page.start, page.num_cut_cells) == (NUM_ROWS, start, 0)
    assert [row["record"] for row in page.rows] == [f'{{"n":{n}}}' for n in (start, start + 1)]


def test_a_page_behind_the_end_is_empty(scene: Scene, browsing: Browsing, snapshot: ArtifactRecord) -> None:
    assert browsing.page(scene.project.id, snapshot.id, "rows", start=NUM_ROWS).rows == ()


def test_a_long_text_is_cut_and_counted(scene: Scene, browsing: Browsing, snapshot: ArtifactRecord) -> None:
    page = browsing.page(scene.project.id, snapshot.id, "rows", start=NUM_ROWS - 1)
    assert page.num_cut_cells == 1
    assert len(page.rows[0]["record"]) == MAX_CELL_CHARACTERS + 1
    assert page.rows[0]["record"].endswith("x…")


@pytest.mark.parametrize("name", ["", "rows.parquet", "../rows", "original/rows", "/etc/passwd", "train/examples"])
def test_only_tables_of_the_artifact_are_shown(
    scene: Scene, browsing: Browsing, snapshot: ArtifactRecord, name: str
) -> None:
    with pytest.raises(NotFoundError, match="its tables are: 'rows'"):
        browsing.page(scene.project.id, snapshot.id, name)


def test_rows_are_found_by_value_wherever_they_lie(scene: Scene, browsing: Browsing, snapshot: ArtifactRecord) -> None:
    page = browsing.page(scene.project.id, snapshot.id, "rows", where={"row": 8000})
    assert [row["row"] for row in page.rows] == [8000]
    page = browsing.page(scene.project.id, snapshot.id, "rows", where={"record": '{"n":5000}'})
    assert [row["row"] for row in page.rows] == [5000]
    assert browsing.page(scene.project.id, snapshot.id, "rows", where={"row": NUM_ROWS}).rows == ()


def test_fitting_rows_are_paged(scene: Scene, browsing: Browsing, tmp_path: Path) -> None:
    source = tmp_path / "mixed.jsonl"
    source.write_text("".join('{"n":1}\n' if number % 2 else "[]\n" for number in range(NUM_ROWS)))
    scene.run_stage("ingest", IngestInputs(locator=str(source), max_malformed_share=1.0))
    (record,) = scene.projects.artifacts(scene.project.id, kind="snapshot")
    page = browsing.page(scene.project.id, record.id, "rows", start=4000, limit=3, where={"raw": "[]"})
    assert [row["row"] for row in page.rows] == [8000, 8002, 8004]


@pytest.mark.parametrize("where", [{"nothing": 1}, {"row": "a"}, {"record": 1}])
def test_a_column_that_cannot_have_the_value_is_named(
    scene: Scene, browsing: Browsing, snapshot: ArtifactRecord, where: dict[str, str | int]
) -> None:
    with pytest.raises(NotFoundError, match=next(iter(where))):
        browsing.page(scene.project.id, snapshot.id, "rows", where=where)


def test_conditions_are_read_as_users_write_them() -> None:
    assert conditions(["reason=empty_prompt", "row=12", 'label="7"', "text=a=b", "empty="]) == {
        "reason": "empty_prompt",
        "row": 12,
        "label": "7",
        "text": "a=b",
        "empty": "",
    }
    for pairs in (["reason"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(InvalidRequestError, match="no condition"):
            conditions(pairs)


def test_an_unknown_artifact_is_not_found(scene: Scene, browsing: Browsing) -> None:
    with pytest.raises(NotFoundError):
        browsing.tables(scene.project.id, ArtifactId("snapshot-0123456789abcdef"))


def test_a_missing_or_broken_table_is_damage(scene: Scene, browsing: Browsing, snapshot: ArtifactRecord) -> None:
    file = next(scene.folder.rglob("rows.parquet"))
    file.write_bytes(b"PAR1 no more")
    with pytest.raises(ArtifactDamagedError, match=r"rows\.parquet"):
        browsing.page(scene.project.id, snapshot.id, "rows")
    file.unlink()
    with pytest.raises(ArtifactDamagedError, match="is missing"):
        browsing.tables(scene.project.id, snapshot.id)
