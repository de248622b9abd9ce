"""Mended rows are run again alone; the next version differs in them and in nothing else."""

import json
from typing import Any

import pytest

from brewslm.core.artifacts.base import Tally
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.mapping import EditedRow, MappingPreview
from brewslm.core.errors import InvalidRequestError, MappingSourceChangedError
from brewslm.core.value import canonical_json
from tests.unit.stages.workbench import Workbench

ROWS: list[dict[str, Any]] = [{"id": f"r{n}", "prompt": f"p {n}", "completion": f"c {n}"} for n in range(20)]
ROWS[3] = {"id": "r3", "prompt": "p 3"}
ROWS[7] = {"id": "r7", "prompt": "", "completion": "c 7"}
ROWS[11] = {"id": "r10", "prompt": "p 11", "completion": "c 11"}


def dataset_of(bench: Workbench) -> tuple[MappingPreview, Dataset]:
    schema = bench.introspect(bench.ingest("data.jsonl", "\n".join([*map(json.dumps, ROWS), "{broken"])))
    preview = bench.dry_run(schema, roles={"row_id": "id"})
    return preview, bench.commit(preview, min_coverage=0.5)


def mend(bench: Workbench, preview: MappingPreview, dataset: Dataset, rows: dict[int, dict[str, Any]]) -> Dataset:
    edits = tuple(EditedRow(source_row=row, record=canonical_json(record)) for row, record in rows.items())
    return bench.commit(preview, min_coverage=0.0, repaired_from=dataset.id, edits=edits)


def test_an_id_of_an_earlier_row_is_a_reason(bench: Workbench) -> None:
    _, dataset = dataset_of(bench)
    assert dataset.rejections == {
        "duplicate_id": 1,
        "empty_prompt": 1,
        "malformed_record": 1,
        "missing_field": 1,
    }
    found = {row["source_row"]: row["detail"] for row in bench.rows(dataset, "rejections.parquet")}
    assert found[11] == "the 'id' 'r10' is that of an earlier row"


def test_only_mended_rows_move_and_the_counts_still_add_up(bench: Workbench) -> None:
    preview, before = dataset_of(bench)
    mended = {
        3: {"id": "r3", "prompt": "p 3", "completion": " c 3"},
        7: {"id": "r7", "prompt": "", "completion": "c"},
        20: {"id": "r20", "prompt": "p 20", "completion": "c 20"},
    }
    after = mend(bench, preview, before, mended)
    assert before.tally == Tally(total=21, accepted=17, repaired=0, rejected=4)
    assert after.tally == Tally(total=21, accepted=17, repaired=2, rejected=2)
    assert after.rejections == {"duplicate_id": 1, "empty_prompt": 1}
    assert after.repairs == {"edited_by_user": 2, "whitespace_trimmed": 1}
    assert (after.repaired_from, after.plan_hash, after.num_examples) == (before.id, before.plan_hash, 19)
    examples = bench.rows(after, "examples.parquet")
    assert [row["source_row"] for row in examples] == [n for n in range(21) if n not in {7, 11}]
    unchanged = [row for row in examples if row["source_row"] not in mended]
    assert unchanged == bench.rows(before, "examples.parquet")
    rejected = {row["source_row"]: row["raw"] for row in bench.rows(after, "rejections.parquet")}
    assert rejected[7] == '{"completion":"c","id":"r7","prompt":""}'
    assert {(row["source_row"], row["rule"]) for row in bench.rows(after, "repairs.parquet")} == {
        (3, "edited_by_user"),
        (3, "whitespace_trimmed"),
        (20, "edited_by_user"),
    }
    assert bench.reports[-1].summary.startswith("Mended rows of a prompt_completion dataset were run again: 21 rows")


def test_a_repaired_version_can_be_repaired_again(bench: Workbench) -> None:
    preview, before = dataset_of(bench)
    once = mend(bench, preview, before, {3: {"id": "r3", "prompt": "p 3", "completion": "c 3"}})
    twice = mend(bench, preview, once, {7: {"id": "r7", "prompt": "p 7", "completion": "c 7"}})
    assert twice.tally == Tally(total=21, accepted=17, repaired=2, rejected=2)
    assert twice.repaired_from == once.id
    with pytest.raises(InvalidRequestError, match="the row 3 was not rejected"):
        mend(bench, preview, twice, {3: {"id": "r3", "prompt": "p 3", "completion": "again"}})


def test_the_same_mending_gives_the_same_version(bench: Workbench) -> None:
    preview, before = dataset_of(bench)
    record = {3: {"id": "r3", "prompt": "p 3", "completion": "c 3"}}
    assert mend(bench, preview, before, record).id == mend(bench, preview, before, record).id


def test_a_mended_row_may_not_take_the_id_of_another(bench: Workbench) -> None:
    preview, before = dataset_of(bench)
    after = mend(bench, preview, before, {11: ROWS[11], 3: {"id": "r5", "prompt": "p", "completion": "c"}})
    assert after.rejections["duplicate_id"] == 2
    assert mend(bench, preview, before, {11: {**ROWS[11], "id": "r11"}}).tally.repaired == 1


def test_another_plan_repairs_nothing(bench: Workbench) -> None:
    _, before = dataset_of(bench)
    schema = bench.introspect(bench.ingest("data.jsonl", "\n".join([*map(json.dumps, ROWS), "{broken"])))
    with pytest.raises(MappingSourceChangedError, match="was made by the plan"):
        mend(bench, bench.dry_run(schema, as_shape="qa"), before, {3: ROWS[4]})
