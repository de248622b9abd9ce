"""What every engine promises; on the fake, here, on a Slurm and a Ray of two nodes, with a worker of a few lines."""

import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.engines.ray_engine import RayEngine
from brewslm.adapters.engines.ray_jobs import RayJobs
from brewslm.adapters.engines.slurm.engine import SlurmEngine
from brewslm.core.engines.settings import RaySettings, SlurmSettings
from brewslm.core.ports.engine import Engine, WorkerStatus
from tests.fakes.engine import FakeEngine, WorkerVanished
from tests.journeys import victim

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


@dataclass
class Made:
    """How an engine is made, how many jobs it was given for a run directory, and where it hands one over."""

    engine: Callable[[], Engine]
    num_jobs: Callable[[Path], int]
    hand_over: tuple[str, str] = ("", "")
    """File and function."""


def submit_until(event: str, hand_over: tuple[str, str], engine: Callable[[], Engine], run: Path) -> None:
    """Submit, and be killed when the handing over begins (`call`) or has been done (`return`)."""

    def look(frame: Any, found: str, _argument: object) -> None:
        if found == event and (Path(frame.f_code.co_filename).name, frame.f_code.co_name) == hand_over:
            os.kill(os.getpid(), signal.SIGKILL)

    made = engine()
    sys.setprofile(look)
    made.submit(run, attempt=1)


def play(run: Path, attempt: int) -> int | None:
    """Do what the worker above does."""
    with (run / "attempts").open("a") as file:
        file.write(f"{attempt} ")
    work = (run / "order.json").read_text()
    if work == "vanish":
        raise WorkerVanished
    return None if work == "stay" else int(work)


REAL = ["local", "slurm", pytest.param("ray", marks=pytest.mark.long)]


@pytest.fixture(params=["fake", *REAL])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """An engine as each process makes its own; the fake is one for all."""
    if request.param == "fake":
        fake = FakeEngine(play)
        return Made(lambda: fake, lambda _run: len(fake.submitted))
    (tmp_path / "worker.py").write_text(WORKER)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable, worker=tmp_path / "worker.py"))
    python.chmod(0o755)
    if request.param == "slurm":
        slurm = request.getfixturevalue("slurm")
        environment = {**os.environ, **slurm.environment}
        return Made(
            partial(SlurmEngine, SlurmSettings(), environment=environment, python=str(python)),
            lambda run: slurm.asked("squeue", "--noheader", "--states=all", "--format=%j").count(f"-{run.name}-"),
            ("commands.py", "submit"),
        )
    if request.param == "ray":
        ray = request.getfixturevalue("ray_nodes")
        told = RaySettings(address=ray.address)
        return Made(
            partial(RayEngine, told, environment=ray.environment, python=str(python)),
            lambda run: str(RayJobs(told, ray.environment).listed("/api/jobs/")).count(f"-{run.name}-"),
            ("ray_jobs.py", "submit"),
        )
    return Made(
        partial(LocalEngine, environment=dict(os.environ), python=str(python), num_threads=1),
        lambda run: len(attempts(run)),
        ("local.py", "_start"),
    )


@pytest.fixture
def engine(made: Made) -> Engine:
    return made.engine()


@pytest.fixture
def order(tmp_path: Path, engine: Engine) -> Iterator[Callable[[str], Path]]:
    run = tmp_path / f"exp-{secrets.token_hex(4)}"

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


@pytest.mark.parametrize("is_at_once", [False, True])
def test_what_is_submitted_twice_is_one_job(made: Made, order: Callable[[str], Path], is_at_once: bool) -> None:
    run = order("0")
    engines = [made.engine() for _ in range(2)]
    if is_at_once:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda one: one.submit(run, attempt=1), engines))
    else:
        for one in engines:
            one.submit(run, attempt=1)
    for one in engines:
        assert settled(one, run) == WorkerStatus(state="ended", attempt=1, exit_code=0)
    assert attempts(run) == ["1"]
    assert made.num_jobs(run) == 1


@pytest.mark.parametrize("made", REAL, indirect=True)
@pytest.mark.parametrize("event", ["call", "return"])
def test_a_submission_whose_process_is_killed_in_it_is_one_job(
    made: Made, order: Callable[[str], Path], event: str
) -> None:
    run = order("0")
    assert victim.run(submit_until, event, made.hand_over, made.engine, run) == -signal.SIGKILL
    engine = made.engine()
    deadline = time.monotonic() + 60
    while (status := engine.status(run)).state != "ended":
        assert time.monotonic() < deadline, status
        if not status.is_open:  # as the supervisor that comes next does
            engine.submit(run, attempt=status.attempt + 1)
        time.sleep(0.01)
    assert status == WorkerStatus(state="ended", attempt=1, exit_code=0)
    assert attempts(run) == ["1"]
    assert made.num_jobs(run) == 1
    for kept in run.glob("submission.json"):
        told = json.loads(kept.read_text())
        assert told.get("job_id") or told.get("is_taken"), "a cluster that forgets the job would be given it again"
