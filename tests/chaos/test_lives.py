"""Lives with one fault each: processes are killed, frozen or doubled, clocks jump; disks, files, locks, numbers go bad.

All in one file, and so in one process: they share an undisturbed life, and what their processes are forked of.
`BREWSLM_CHAOS_SEED` chooses others, `BREWSLM_CHAOS_LIVES` more. Each fault is met with a ledger in PostgreSQL, too.
"""

import os

import pytest

from tests.chaos.conftest import Trying
from tests.chaos.faults import FAULTS, FAULTS_ON_POSTGRES, Fault
from tests.fakes.postgres import Cluster

SEED = int(os.environ.get("BREWSLM_CHAOS_SEED", "20261"))
NUM_LIVES = int(os.environ.get("BREWSLM_CHAOS_LIVES", "50"))
TRIALS = [(FAULTS[number % len(FAULTS)], SEED + number) for number in range(NUM_LIVES)]


@pytest.mark.parametrize(("fault", "seed"), TRIALS, ids=lambda value: getattr(value, "name", str(value)))
def test_a_life_with_a_fault(try_out: Trying, fault: Fault, seed: int) -> None:
    try_out(fault, seed)


@pytest.mark.parametrize("fault", FAULTS_ON_POSTGRES, ids=lambda fault: fault.name)
def test_a_life_with_a_fault_and_a_ledger_in_postgresql(try_out: Trying, fault: Fault, postgres: Cluster) -> None:
    try_out(fault, SEED + FAULTS_ON_POSTGRES.index(fault), postgres=postgres)
