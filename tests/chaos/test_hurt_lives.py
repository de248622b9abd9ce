"""Trials in which disks, files, locks, memory and numbers go bad.

`BREWSLM_CHAOS_SEED` chooses others, `BREWSLM_CHAOS_LIVES` more.
"""

import os

import pytest

from tests.chaos.conftest import Trying
from tests.chaos.faults import OF_MATTER, Fault

SEED = int(os.environ.get("BREWSLM_CHAOS_SEED", "20261"))
NUM_LIVES = int(os.environ.get("BREWSLM_CHAOS_LIVES", "3"))
TRIALS = [(OF_MATTER[number % len(OF_MATTER)], SEED + number) for number in range(NUM_LIVES)]


@pytest.mark.parametrize(("fault", "seed"), TRIALS, ids=lambda value: getattr(value, "name", str(value)))
def test_a_life_with_a_fault_of_matter(try_out: Trying, fault: Fault, seed: int) -> None:
    try_out(fault, seed)
