"""Every record that came in is a row or a malformed row, whatever the format; the counts are found by hand."""

import json

import pytest

from brewslm.core.errors import BrewError
from tests.data.ingest.cases import CASES, Case
from tests.unit.stages.workbench import Workbench


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40
    assert len({case.format for case in CASES if case.format}) >= 11


@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}: {case.title}" for case in CASES])
def test_the_counts_are_right_and_add_up(bench: Workbench, case: Case) -> None:
    if case.refused:
        with pytest.raises(BrewError) as caught:
            bench.ingest(case.name, case.data(), max_malformed_share=1.0, **case.choices)
        assert caught.value.code == case.refused
        assert (
            repr(case.name) in str(caught.value) or "JSON document" in str(caught.value) or "CSV" in str(caught.value)
        )
        return
    snapshot = bench.ingest(case.name, case.data(), max_malformed_share=1.0, **case.choices)
    assert (snapshot.num_rows - snapshot.num_malformed, snapshot.num_malformed) == (case.accepted, case.malformed)
    assert case.format in {"", snapshot.format}
    assert sum(part.num_rows for part in snapshot.parts) == snapshot.num_rows
    assert sum(part.num_malformed for part in snapshot.parts) == snapshot.num_malformed
    rows = bench.rows(snapshot, "rows.parquet")
    assert [row["row"] for row in rows] == list(range(snapshot.num_rows))
    names = {part.name for part in snapshot.parts}
    for row in rows:
        assert row["line"] >= 1
        assert row["byte_offset"] >= 0
        assert row["file"] in names
        if row["record"] is None:
            assert row["problem"]
            assert row["raw"] is not None
        else:
            assert row["problem"] is None
            assert row["raw"] is None
            assert isinstance(json.loads(row["record"]), dict)


def test_equal_content_gives_an_equal_snapshot_for_every_case(bench: Workbench) -> None:
    for case in CASES[::7]:
        if not case.refused:
            data = case.data()
            first, second = (
                bench.ingest(case.name, data, max_malformed_share=1.0, **case.choices).id for _ in range(2)
            )
            assert first == second
