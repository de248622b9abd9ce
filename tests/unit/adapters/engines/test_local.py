"""What the local engine promises beyond the port."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from brewslm.adapters.engines import shim
from brewslm.adapters.engines.local import LocalEngine, device_environment, worker_environment
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
    engine, before = engine_for("exit 0"), zombies_of(os.getpid())
    for attempt in range(1, 4):
        engine.submit(run, attempt=attempt)
        wait_for(lambda attempt=attempt: engine.status(run).attempt == attempt and engine.status(run).state == "ended")
    wait_for(lambda: not (engine.status(run), zombies_of(os.getpid()) - before)[1])


def zombies_of(parent: int) -> set[str]:
    listed = subprocess.run(
        ["ps", "-o", "stat=,pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return {line for line in listed.stdout.splitlines() if line.startswith("Z")}


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


CHILD_OF_ITS_OWN = "setsid sleep 60 & echo $! > child\n"
"""A grandchild in a session of its own: no signal to the group reaches it."""


def test_a_cancel_ends_everything_that_the_worker_started_and_says_what_came_back(
    run: Path, engine_for: Callable[[str], LocalEngine]
) -> None:
    engine = engine_for(CHILD_OF_ITS_OWN + "while [ ! -e control/cancel ]; do sleep 0.05; done\n")
    engine.submit(run, attempt=1)
    wait_for(lambda: (run / "child").exists() and (run / "child").read_text().strip())
    child = psutil.Process(int((run / "child").read_text()))
    released = engine.cancel(run, grace_seconds=10)
    assert not child.is_running()
    assert (released.is_killed, released.num_left) == (False, 0)
    assert released.num_processes >= 2
    assert released.memory_bytes > 0


def test_a_worker_that_is_deaf_is_killed_with_all_that_it_started(
    run: Path, engine_for: Callable[[str], LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_for(CHILD_OF_ITS_OWN + "trap '' TERM\nwhile true; do sleep 0.05; done\n")
    monkeypatch.setattr(shim, "TERM_SECONDS", -5.0)  # of this process only: the end comes from here, at once
    engine.submit(run, attempt=1)
    wait_for(lambda: (run / "child").exists() and (run / "child").read_text().strip())
    child = psutil.Process(int((run / "child").read_text()))
    released = engine.cancel(run, grace_seconds=0)
    assert released.is_killed
    assert released.num_left == 0
    assert not child.is_running()


def test_what_has_ended_gives_nothing_back(run: Path, engine_for: Callable[[str], LocalEngine]) -> None:
    engine = engine_for("exit 0")
    engine.submit(run, attempt=1)
    wait_for(lambda: engine.status(run).state == "ended")
    assert engine.cancel(run, grace_seconds=0).num_processes == 0


@pytest.mark.parametrize(("visible", "shown"), [(None, "1"), ("4,7", "7"), ("4", "1"), ("GPU-a,GPU-b", "GPU-b")])
def test_a_worker_sees_the_one_gpu_that_its_job_was_given(run: Path, visible: str | None, shown: str) -> None:
    assert device_environment(run, visible) == {}
    (run / "device").write_text("1\n")
    assert device_environment(run, visible) == {"CUDA_VISIBLE_DEVICES": shown}
