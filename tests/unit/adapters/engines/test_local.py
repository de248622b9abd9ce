"""What the local engine promises beyond the port."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from brewslm.adapters.engines.local import LocalEngine, worker_environment
from brewslm.core.errors import WorkerError

PYTHON = """#!/bin/sh
case "$*" in
    *shim.py*) exec {python} "$@" ;;
    *) cd {run} && exec /bin/sh ./work.sh ;;
esac
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "exp-001"
    folder.mkdir()
    yield folder
    LocalEngine(environment={}).cancel(folder, grace_seconds=0)


@pytest.fixture
def engine_for(run: Path, tmp_path: Path) -> Callable[[str], LocalEngine]:
    def make(work: str) -> LocalEngine:
        (run / "work.sh").write_text(work)
        python = tmp_path / "python"
        python.write_text(PYTHON.format(python=sys.executable, run=run))
        python.chmod(0o755)
        return LocalEngine(environment=os.environ, python=str(python), num_threads=2)

    return make


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_a_worker_sees_only_what_is_allowed() -> None:
    seen = worker_environment(
        {"PATH": "/bin", "HOME": "/home/x", "LC_ALL": "C", "AWS_SECRET": "s", "PYTHONSTARTUP": "x", "LD_PRELOAD": "x"},
        3,
    )
    assert {"PATH", "HOME", "LC_ALL"} <= seen.keys()
    assert not {"AWS_SECRET", "PYTHONSTARTUP", "LD_PRELOAD"} & seen.keys()
    assert seen["OMP_NUM_THREADS"] == "3"
    assert seen["HF_HUB_OFFLINE"] == "1"


def test_the_environment_reaches_the_worker(
    engine_for: Callable[[str], LocalEngine], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREWSLM_TEST_SECRET", "hidden")
    engine = engine_for("env > seen.txt")
    engine.submit(run, attempt=1)
    wait_for(lambda: engine.status(run).state == "ended")
    seen = (run / "seen.txt").read_text()
    assert "OMP_NUM_THREADS=2" in seen
    assert "hidden" not in seen


def test_of_two_that_submit_at_once_one_wins(engine_for: Callable[[str], LocalEngine], run: Path) -> None:
    engines = [engine_for("echo started >> count; sleep 60") for _ in range(4)]
    threads = [threading.Thread(target=engine.submit, args=(run,), kwargs={"attempt": 1}) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for((run / "count").exists)
    assert {engine.status(run).state for engine in engines} == {"alive"}
    engines[0].cancel(run, grace_seconds=0)
    assert (run / "count").read_text() == "started\n"


def test_shims_that_ended_do_not_stay_as_zombies(engine_for: Callable[[str], LocalEngine], run: Path) -> None:
    engine = engine_for("exit 0")
    for attempt in range(1, 4):
        engine.submit(run, attempt=attempt)
        wait_for(lambda attempt=attempt: engine.status(run).attempt == attempt and engine.status(run).state == "ended")
    wait_for(lambda: not (engine.status(run), zombies_of(os.getpid()))[1])


def zombies_of(parent: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [line for line in listed.stdout.splitlines() if line.startswith("Z")]


def test_a_worker_whose_shim_does_not_obey_is_killed(
    engine_for: Callable[[str], LocalEngine], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brewslm.adapters.engines.shim.TERM_SECONDS", 0.0)
    monkeypatch.setattr("brewslm.adapters.engines.local.END_SECONDS", 1.0)
    engine = engine_for("while [ ! -e attempt.json ]; do sleep 0.02; done; kill -STOP $PPID; echo $$ > pid; sleep 60")
    engine.submit(run, attempt=1)
    wait_for(lambda: (run / "pid").exists() and (run / "pid").read_text())
    engine.cancel(run, grace_seconds=0)
    assert engine.status(run).state == "lost"


def test_a_folder_that_does_not_exist_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    engine = LocalEngine(environment=os.environ)
    with pytest.raises(WorkerError, match=r"nowhere.*Check the folder"):
        engine.submit(tmp_path / "nowhere", attempt=1)


def test_an_interpreter_that_does_not_exist_is_an_error(run: Path) -> None:
    with pytest.raises(WorkerError, match="no-python"):
        LocalEngine(environment=os.environ, python="/opt/no-python").submit(run, attempt=1)
