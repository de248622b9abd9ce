"""What every engine promises; on the fake, here, on a Slurm and a Ray of two nodes, with a worker of a few lines."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.engines.ray_engine import RayEngine
from brewslm.adapters.engines.slurm.engine import SlurmEngine
from brewslm.core.engines.settings import RaySettings, SlurmSettings
from brewslm.core.ports.engine import Engine, WorkerStatus
from tests.fakes.engine import FakeEngine, WorkerVanished

PYTHON = """#!/bin/sh
case "$*" in
    *shim.py*|*ranks.py*|*engines.shim*|*engines.ray*) exec {python} "$@" ;;
    *) exec {python} {worker} "$@" ;;
esac
"""
WORKER = """
import json, os, pathlib, sys, time
run, attempt = pathlib.Path(sys.argv[-2]), sys.argv[-1]
with (run / "attempts").open("a") as file: file.write(attempt + " ")
work = (run / "order.json").read_text()
if work == "stay":
    while not (run / "control" / "cancel").exists(): time.sleep(0.02)
    sys.exit(0)
if work == "vanish":
    os.kill(json.loads((run / "attempt.json").read_text())["shim_pid"], 9)
    time.sleep(60)
sys.exit(int(work))
"""


def play(run: Path, attempt: int) -> int | None:
    """Do what the worker above does."""
    with (run / "attempts").open("a") as file:
        file.write(f"{attempt} ")
    work = (run / "order.json").read_text()
    if work == "vanish":
        raise WorkerVanished
    return None if work == "stay" else int(work)


@pytest.fixture(params=["fake", "local", "slurm", pytest.param("ray", marks=pytest.mark.long)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "fake":
        return FakeEngine(play)
    (tmp_path / "worker.py").write_text(WORKER)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable, worker=tmp_path / "worker.py"))
    python.chmod(0o755)
    if request.param == "slurm":
        cluster = request.getfixturevalue("slurm")
        return SlurmEngine(SlurmSettings(), environment={**os.environ, **cluster.environment}, python=str(python))
    if request.param == "ray":
        cluster = request.getfixturevalue("ray_nodes")
        return RayEngine(RaySettings(address=cluster.address), environment=cluster.environment, python=str(python))
    return LocalEngine(environment=os.environ, python=str(python), num_threads=1)


@pytest.fixture
def order(tmp_path: Path, engine: Engine) -> Iterator[Callable[[str], Path]]:
    run = tmp_path / "exp-001"

    def write(work: str) -> Path:
        run.mkdir(exist_ok=True)
        (run / "order.json").write_text(work)
        return run

    yield write
    if run.exists():
        engine.cancel(run, grace_seconds=0)


def settled(engine: Engine, run: Path, *, until: str = "ended") -> WorkerStatus:
    """Wait for a state, half a minute at most."""
    deadline = time.monotonic() + 30
    while (status := engine.status(run)).state != until:
        assert time.monotonic() < deadline, status
        time.sleep(0.01)
    return status


def attempts(run: Path) -> list[str]:
    return (run / "attempts").read_text().split()


def test_a_run_that_never_began_is_absent(engine: Engine, order: Callable[[str], Path]) -> None:
    run = order("0")
    assert engine.status(run) == WorkerStatus(state="absent", attempt=0)
    engine.cancel(run, grace_seconds=0)
    assert engine.status(run).state == "absent"


@pytest.mark.parametrize("code", [0, 71])
def test_the_exit_code_of_a_worker_is_known(engine: Engine, order: Callable[[str], Path], code: int) -> None:
    run = order(str(code))
    engine.submit(run, attempt=1)
    assert settled(engine, run) == WorkerStatus(state="ended", attempt=1, exit_code=code)


def test_an_attempt_is_made_once_and_the_next_one_counts_up(engine: Engine, order: Callable[[str], Path]) -> None:
    run = order("3")
    engine.submit(run, attempt=1)
    settled(engine, run)
    engine.submit(run, attempt=1)
    order("0")
    engine.submit(run, attempt=2)
    while engine.status(run).attempt < 2:
        time.sleep(0.01)
    assert settled(engine, run) == WorkerStatus(state="ended", attempt=2, exit_code=0)
    assert attempts(run) == ["1", "2"]


def test_a_living_worker_is_not_started_again(engine: Engine, order: Callable[[str], Path]) -> None:
    run = order("stay")
    engine.submit(run, attempt=1)
    assert settled(engine, run, until="alive").attempt == 1
    while not (run / "attempts").exists():
        time.sleep(0.01)
    engine.submit(run, attempt=2)
    assert engine.status(run) == WorkerStatus(state="alive", attempt=1)
    assert attempts(run) == ["1"]


def test_a_cancelled_worker_has_ended_when_the_call_returns(engine: Engine, order: Callable[[str], Path]) -> None:
    run = order("stay")
    engine.submit(run, attempt=1)
    settled(engine, run, until="alive")
    engine.cancel(run, grace_seconds=10)
    status = engine.status(run)
    assert (status.state, status.attempt) == ("ended", 1)


def test_a_worker_that_vanishes_is_lost(engine: Engine, order: Callable[[str], Path]) -> None:
    run = order("vanish")
    engine.submit(run, attempt=1)
    assert settled(engine, run, until="lost").attempt == 1
