"""The bundled samples hold exactly the imperfect rows that their cards name, and the accounting finds each of them."""

import json

import pytest

from brewslm.adapters.sources.bundled import SAMPLES_FOLDER
from brewslm.stages.clean import CLEAN
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from tests.unit.stages.workbench import Workbench

SHAPES = {"general-chat-v1": "chat", "support-chat-v1": "chat", "legal-contract-v1": "instruction"}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_sample_is_accounted_for_as_its_card_says(bench: Workbench, name: str) -> None:
    card = json.loads((SAMPLES_FOLDER / name / "sample.json").read_text(encoding="utf-8"))
    snapshot = bench.run(INGEST, IngestInputs(locator=f"sample:{name}"))
    schema = bench.introspect(snapshot)
    dataset = bench.commit(bench.dry_run(schema))
    clean = bench.run(CLEAN, CleanInputs(dataset_id=dataset.id))

    assert schema.chosen == SHAPES[name]
    assert dataset.tally.total == card["num_rows"]
    assert clean.num_examples == card["num_good"]
    rejected = {row["line"]: row["reason"] for row in bench.rows(dataset, "rejections.parquet")}
    told = {row["line"]: row["kind"] for row in card["imperfect"]}
    assert rejected == {line: kind for line, kind in told.items() if kind != "duplicate"}
    lines = {row["row"]: row["line"] for row in bench.rows(snapshot, "rows.parquet")}
    removed = {lines[row["source_row"]] for row in bench.rows(clean, "removed.parquet")}
    assert removed == {line for line, kind in told.items() if kind == "duplicate"}
