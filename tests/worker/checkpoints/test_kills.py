"""SIGKILL at random moments of a save."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NUM_KILLS = int(os.environ.get("BREWSLM_TEST_KILLS", "80"))


@pytest.mark.parametrize("seed", [int(os.environ.get("BREWSLM_TEST_SEED", "20261"))])
def test_whenever_it_is_killed_what_was_saved_is_there_and_nothing_is_broken(tmp_path: Path, seed: int) -> None:
    command = [sys.executable, "-m", "tests.worker.checkpoints.killing", str(tmp_path / "run"), str(seed)]
    ended = subprocess.run([*command, str(NUM_KILLS)], capture_output=True, text=True, check=True)
    found = json.loads(ended.stdout)
    print(seed, found)
    assert (found["kills"], found["broken"], found["lost"]) == (NUM_KILLS, 0, 0)
    assert found["saves"] > NUM_KILLS // 2
    assert found["in_a_save"] > NUM_KILLS // 5, "most kills should meet a save in the middle"
