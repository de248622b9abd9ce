"""The table of ingest's cases and the layouts, through dry run and commit: the same counts, each row in one bucket."""

from pathlib import Path

import pytest

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.mapping import MappingPreview
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.mapping.convert import plan_hash_of
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from tests.data.ingest.cases import CASES, Case
from tests.unit.stages.workbench import Workbench

LAYOUTS = Path(__file__).parents[3] / "data" / "layouts"
FILES = sorted(path.name for path in LAYOUTS.iterdir() if path.suffix in {".jsonl", ".json", ".csv", ".tsv"})


def hold(bench: Workbench, snapshot: Snapshot) -> tuple[MappingPreview, Dataset] | None:
    """Map a snapshot by the best reading, chosen or not, twice; None where no reading converts a row."""
    schema = bench.introspect(snapshot)
    best = schema.hypotheses[0] if schema.hypotheses else None
    if best is None or best.confidence == 0.0:
        assert schema.chosen is None
        return None
    plan = {"mapping": {"shape": best.shape, "columns": best.columns, "transforms": best.transforms}}
    preview, again = (bench.dry_run(schema, **plan) for _ in range(2))
    assert preview == again
    assert preview.plan_hash == plan_hash_of(preview.plan)
    dataset = bench.commit(preview, min_coverage=0.0, plan_hash=preview.plan_hash)
    assert bench.commit(preview, min_coverage=0.0).id == dataset.id
    assert (dataset.tally, dataset.rejections, dataset.repairs) == (preview.tally, preview.rejections, preview.repairs)
    examples, rejections = bench.rows(dataset, "examples.parquet"), bench.rows(dataset, "rejections.parquet")
    assert sorted(row["source_row"] for row in (*examples, *rejections)) == list(range(snapshot.num_rows))
    assert [row["id"] for row in examples[: len(preview.sample)]] == [example.id for example in preview.sample]
    assert dataset.tally.total == snapshot.num_rows
    assert dataset.tally.rejected == len(rejections) == sum(dataset.rejections.values())
    assert dataset.rejections.get("malformed_record", 0) == snapshot.num_malformed
    assert all(row["raw"] and row["detail"] for row in rejections if row["reason"] != "malformed_record")
    return preview, dataset


@pytest.mark.parametrize("case", [case for case in CASES if case.accepted], ids=lambda case: case.title)
def test_what_ingest_accepts_is_counted_once_more(bench: Workbench, case: Case) -> None:
    path = bench.folder / case.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.data())
    snapshot = bench.run(
        INGEST, IngestInputs.model_validate({"locator": str(path), "max_malformed_share": 1.0, **case.choices})
    )
    found = hold(bench, snapshot)
    if found is not None:
        assert found[1].tally.total == case.accepted + case.malformed


@pytest.mark.parametrize("name", FILES)
def test_a_layout_is_counted_once_more(bench: Workbench, name: str) -> None:
    if name != "expected.json":
        hold(bench, bench.run(INGEST, IngestInputs(locator=str(LAYOUTS / name))))
