"""Whatever a file holds, ingest ends soon, in rows that add up or in one reason (promise E1)."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.unit.stages.ingest.fuzz import MAX_SECONDS

SEED = 20_260
"""Another one: `BREWSLM_FUZZ_SEED=7 pytest …`."""


def fuzz(seed: int, count: int) -> Counter[str]:
    """Run cases in processes that may die of them; a case that kills its process by itself is named."""
    counts: Counter[str] = Counter()
    done = 0
    while done < count:
        command = [sys.executable, "-m", "tests.unit.stages.ingest.fuzz", str(seed), str(done), str(count - done)]
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OPENBLAS_NUM_THREADS": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            for line in process.stdout:
                case = json.loads(line)
                done = case["number"] + 1
                assert not case["outcome"].startswith("BROKEN"), f"seed {seed}: {case}"
                assert case["seconds"] < MAX_SECONDS, f"seed {seed}: {case}"
                assert "+" in case["outcome"] or case["outcome"].startswith(("ingestion_", "memory")), case
                counts["rows" if "+" in case["outcome"] else case["outcome"]] += 1
        assert process.returncode == 0, f"seed {seed}: case {done} ended the process with {process.returncode}"
    print(f"\nseed {seed}: {count:,} cases: {dict(counts)}")
    return counts


def test_twenty_thousand_changed_files_add_up_or_are_refused() -> None:
    counts = fuzz(int(os.environ.get("BREWSLM_FUZZ_SEED", str(SEED))), 20_000)
    assert counts.total() == 20_000
    assert counts["rows"] > 5_000, "most files still hold rows, or nothing is tried"


@pytest.mark.long
def test_two_hundred_thousand_changed_files_add_up_or_are_refused() -> None:
    fuzz(int(os.environ.get("BREWSLM_FUZZ_SEED", str(SEED + 1))), 200_000)
