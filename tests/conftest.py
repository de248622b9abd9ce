"""What every test shares: one torch thread per process, because the test processes already fill the cores."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts into the background so, and commands that a test interrupts would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """One server of PostgreSQL for all tests of this process that ask for it."""
    from tests.fakes.postgres import cluster

    with cluster() as made:
        yield made


@pytest.fixture(scope="session")
def slurm() -> Iterator[Any]:
    """A Slurm of two nodes for all tests of this process that ask for it, which must be root's to make one."""
    from tests.fakes.slurm.cluster import MISSING, SlurmCluster, is_possible

    if os.geteuid() != 0:
        pytest.skip("only root can make the networks of a Slurm of two nodes")
    if not is_possible():
        pytest.fail(MISSING)
    made = SlurmCluster()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def ray_nodes() -> Iterator[Any]:
    """A Ray of two nodes for all tests of this process that ask for it, which must be root's to make one."""
    if os.geteuid() != 0:
        pytest.skip("only root can make the networks of a Ray of two nodes")
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from tests.fakes.ray_cluster import ray_cluster

    with ray_cluster(num_cpus=2) as made:
        yield made


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table of the lives that met a fault, where some were led."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    found = [value for report in reports for name, value in report.user_properties if name == "chaos"]
    if found:
        from tests.chaos.table import table
        from tests.chaos.trial import Outcome

        terminalreporter.section("lives with a fault")
        terminalreporter.write_line(table([Outcome(**value) for value in found]))
