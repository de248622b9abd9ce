"""Real files, where they are at hand: `../shared/data` is no part of the project."""

from pathlib import Path

import pytest

from brewslm.core.artifacts.base import Tally
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from tests.unit.stages.workbench import Workbench

DATA = Path(__file__).parents[5] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here")


@pytest.mark.parametrize(
    ("name", "shape", "tally"),
    [
        ("banking77/test.csv", "classification", Tally(total=3080, accepted=3077, repaired=3, rejected=0)),
        ("gsm8k/test.jsonl", "qa", Tally(total=1319, accepted=1319, repaired=0, rejected=0)),
        ("chat/alpaca_en_demo.json", "instruction", Tally(total=999, accepted=999, repaired=0, rejected=0)),
        ("chat/dpo_en_demo.json", "preference", Tally(total=300, accepted=300, repaired=0, rejected=0)),
        ("chat/glaive_toolcall_en_demo.json", "chat", Tally(total=300, accepted=300, repaired=0, rejected=0)),
    ],
)
def test_a_known_file_is_recognised_and_mapped_whole(bench: Workbench, name: str, shape: str, tally: Tally) -> None:
    schema = bench.introspect(bench.run(INGEST, IngestInputs(locator=str(DATA / name))))
    assert schema.chosen == shape
    assert bench.dry_run(schema).tally == tally
