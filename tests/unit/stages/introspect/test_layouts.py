"""Files as they are found: each is recognised and mapped whole, or refused with a line that tells the choices."""

import json
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.errors import GateRefusedError
from brewslm.core.events.reasons import Reason
from brewslm.core.mapping.rivalry import CERTAIN, MARGIN, rivals_of
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from tests.unit.stages.workbench import Workbench

LAYOUTS = Path(__file__).parents[3] / "data" / "layouts"
EXPECTED: dict[str, dict[str, Any]] = json.loads((LAYOUTS / "expected.json").read_text(encoding="utf-8"))
CLEAR = sorted(name for name, one in EXPECTED.items() if one["shape"] is not None)
AMBIGUOUS = sorted(name for name, one in EXPECTED.items() if one["shape"] is None)
MIN_CLEAR, MIN_AMBIGUOUS = 30, 8


def test_there_are_enough_layouts_and_each_file_has_its_expectation() -> None:
    files = {path.name for path in LAYOUTS.iterdir() if path.suffix in {".jsonl", ".json", ".csv", ".tsv"}}
    assert files - {"expected.json"} == set(EXPECTED)
    assert len(CLEAR) >= MIN_CLEAR
    assert len(AMBIGUOUS) >= MIN_AMBIGUOUS


@pytest.mark.parametrize("name", CLEAR)
def test_a_layout_is_recognised_and_mapped_whole(bench: Workbench, name: str) -> None:
    schema = bench.introspect(bench.run(INGEST, IngestInputs(locator=str(LAYOUTS / name))))
    expected = EXPECTED[name]
    assert schema.chosen == expected["shape"], schema.problem
    best = schema.hypotheses[0]
    assert best.shape == expected["shape"]
    assert {role: getattr(best.columns, role) for role in expected["columns"]} == expected["columns"]
    assert best.confidence >= CERTAIN
    assert rivals_of(best, schema.hypotheses) == []
    preview = bench.dry_run(schema)
    assert preview.tally.rejected == 0, preview.rejections
    dataset = bench.commit(preview, min_coverage=1.0)
    assert dataset.tally == preview.tally
    assert dataset.plan_hash == preview.plan_hash
    assert [row["id"] for row in bench.rows(dataset, "examples.parquet")][:5] == [one.id for one in preview.sample]


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_an_ambiguous_layout_is_refused_with_its_choices(bench: Workbench, name: str) -> None:
    schema = bench.introspect(bench.run(INGEST, IngestInputs(locator=str(LAYOUTS / name))))
    assert schema.chosen is None
    assert bench.reports[-1].reason == Reason.INTROSPECTION_AMBIGUOUS
    assert EXPECTED[name]["words"] in schema.problem
    assert "\n" not in schema.problem
    assert any(word in schema.problem for word in ("--as", "--column", "--tags", "name shape and columns"))
    with pytest.raises(GateRefusedError) as caught:
        bench.dry_run(schema)
    assert caught.value.code == Reason.INTROSPECTION_AMBIGUOUS


def test_the_margin_holds_between_readings_that_make_different_examples(bench: Workbench) -> None:
    schema = bench.introspect(
        bench.run(INGEST, IngestInputs(locator=str(LAYOUTS / "ambiguous_two_conversations.jsonl")))
    )
    best, rival = schema.hypotheses[:2]
    assert best.confidence - rival.confidence < MARGIN
    assert {best.columns.messages, rival.columns.messages} == {"first", "second"}
