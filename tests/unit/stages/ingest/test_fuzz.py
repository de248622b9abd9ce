"""Whatever a file holds, ingest ends soon, in rows that add up or in one reason (promise E1)."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.stages.ingest import fuzz_ranges
from tests.unit.stages.ingest.fuzz_ranges import Ended, fuzz, lines_of, run_ranges

SEED = int(os.environ.get("BREWSLM_FUZZ_SEED", "20260"))
"""Another one: `BREWSLM_FUZZ_SEED=7 pytest …`."""
NIGHTLY = 2_000_000
BOOK = Path("build/fuzz.jsonl")
"""Which cases of the nightly size have passed; remove it to begin again."""


@pytest.mark.parametrize("num_cases", [5_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_thousands_of_changed_files_add_up_or_are_refused(num_cases: int) -> None:
    ended = fuzz(SEED, 0, num_cases)
    print(f"\nseed {SEED}: {ended.counts.total():,} cases, the slowest {ended.slowest:.2f} s: {dict(ended.counts)}")
    assert ended.broken == []
    assert ended.counts.total() == num_cases
    assert ended.counts["rows"] > num_cases / 4, "most files still hold rows, or nothing is tried"


EVERY_BIT = """
import io, sys, tempfile
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from tests.unit.stages.ingest.fuzz import outcome_of

sound = io.BytesIO()
pq.write_table(pa.table({"a": ["b"]}), sound, store_schema=False, compression="none", use_dictionary=False)
sound = sound.getvalue()
with tempfile.TemporaryDirectory() as folder:
    for place in range(len(sound)):
        for bit in (1, 2, 3):
            changed = bytearray(sound)
            changed[place] ^= 1 << bit
            print(place, bit, outcome_of(Path(folder), "a.parquet", bytes(changed)), flush=True)
"""


def test_a_parquet_whose_metadata_are_damaged_does_not_end_the_process() -> None:
    """It did: asked for a column whose histogram of levels has the wrong size, the library calls `abort`."""
    done = subprocess.run([sys.executable, "-c", EVERY_BIT], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"after {lines[-1:]}: {done.stderr[-300:]}"
    assert len(lines) > 500
    assert sum("ingestion_malformed" in line for line in lines) > 100


def test_a_fuzz_that_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch, capsys) -> None:
    begun: list[int] = []
    broken = [["case 7"], []]

    def pretend(_seed: int, start: int, count: int) -> Ended:
        begun.append(start)
        is_first = start == 0
        return Ended(Counter({"rows": count}), 0.1, broken.pop(0) if is_first else [])

    monkeypatch.setattr(fuzz_ranges, "fuzz", pretend)
    book, size = tmp_path / "book.jsonl", fuzz_ranges.RANGE
    assert not run_ranges(7, 2 * size, book, 1)
    with book.open("a") as file:
        file.write(f'{{"seed": 7, "start": {2 * size}, "outc')
    assert run_ranges(7, 3 * size, book, 1)
    assert begun == [0, size, 0, 2 * size], "what was broken, and what was cut short, are run again"
    assert f"{3 * size:,} cases, 0 broken" in capsys.readouterr().out


@pytest.mark.long
def test_the_next_two_hundred_thousand_of_two_million_changed_files_add_up_or_are_refused() -> None:
    BOOK.parent.mkdir(exist_ok=True)
    known = len(lines_of(BOOK, SEED + 1)) * fuzz_ranges.RANGE
    assert run_ranges(SEED + 1, min(NIGHTLY, known + 200_000), BOOK)
