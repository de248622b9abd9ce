"""The shim, with workers of a line of shell."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.engines import shim
from brewslm.core.wire import rundir
from brewslm.core.wire.attempt import AttemptFile, ExitFile
from tests.fakes.small_disk import fill_disk, small_disk


class Started:
    """A shim as the engine starts it."""

    def __init__(self, run: Path, *command: str, attempt: int = 1) -> None:
        self.run = run
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-s", shim.__file__, str(run), str(attempt), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def end(self) -> int:
        _, said = self.process.communicate(timeout=30)
        self.said = said.decode()
        return self.process.returncode

    def exit_file(self) -> ExitFile:
        assert self.end() == 0
        return ExitFile.model_validate_json((self.run / "exit.json").read_bytes())

    def attempt_file(self) -> AttemptFile:
        wait_for((self.run / "attempt.json").exists)
        return AttemptFile.model_validate_json((self.run / "attempt.json").read_bytes())


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def begin(*command: str, run: Path = tmp_path, attempt: int = 1) -> Started:
        started.append(Started(run, *command, attempt=attempt))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait()


def test_speaks_of_the_files_that_the_wire_names() -> None:
    for name in ("LOCK_FILE", "BEAT_FILE", "ATTEMPT_FILE", "EXIT_FILE", "WORKER_LOG_FILE", "CANCEL_FILE"):
        assert getattr(shim, name) == getattr(rundir, name)
    assert shim.CONTROL_FOLDER == rundir.CONTROL_FOLDER
    assert rundir.ExitCode.DISK_FULL == shim.EXIT_DISK_FULL


def test_writes_down_how_the_worker_ended(start: Callable[..., Started], tmp_path: Path) -> None:
    ended = start("/bin/sh", "-c", "echo out; echo err >&2; exit 7").exit_file()
    assert (ended.attempt, ended.code, ended.signal) == (1, 7, None)
    assert (tmp_path / "worker.log").read_text() == "out\nerr\n"
    assert ended.max_rss_bytes
    assert ended.max_rss_bytes > 100_000
    assert not list(tmp_path.glob("*.tmp"))


def test_writes_down_the_signal_that_ended_it(start: Callable[..., Started]) -> None:
    ended = start("/bin/sh", "-c", "kill -11 $$").exit_file()
    assert (ended.code, ended.signal) == (None, signal.SIGSEGV)


def test_says_why_a_worker_could_not_be_started(start: Callable[..., Started], tmp_path: Path) -> None:
    shim_process = start("/no/such/python")
    assert shim_process.end() == shim.EXIT_NOT_STARTED
    assert "/no/such/python" in shim_process.said
    assert not (tmp_path / "attempt.json").exists()


def test_only_one_of_two_gets_the_lock(start: Callable[..., Started]) -> None:
    first = start("/bin/sleep", "60")
    attempt = first.attempt_file()
    assert start("/bin/sleep", "60", attempt=2).end() == shim.EXIT_LOCK_TAKEN
    assert first.attempt_file() == attempt


def test_an_attempt_that_has_been_is_not_made_again(start: Callable[..., Started]) -> None:
    start("/bin/true", attempt=2).exit_file()
    assert start("/bin/true", attempt=2).end() == shim.EXIT_STALE_ATTEMPT
    assert start("/bin/true", attempt=1).end() == shim.EXIT_STALE_ATTEMPT
    assert start("/bin/true", attempt=3).exit_file().attempt == 3


def test_the_worker_dies_with_the_shim(start: Callable[..., Started]) -> None:
    shim_process = start("/bin/sleep", "60")
    worker = shim_process.attempt_file().worker_pid
    shim_process.process.kill()
    wait_for(lambda: is_gone(worker))


def test_what_a_worker_started_dies_with_it(start: Callable[..., Started], tmp_path: Path) -> None:
    start("/bin/sh", "-c", "sleep 60 & echo $! > child; exit 0").exit_file()
    wait_for(lambda: is_gone(int((tmp_path / "child").read_text())))


def test_survivors_of_a_killed_attempt_are_killed_by_the_next(start: Callable[..., Started], tmp_path: Path) -> None:
    first = start("/bin/sh", "-c", "setsid sleep 60 & echo $! > child.tmp; mv child.tmp child; wait")
    wait_for((tmp_path / "child").exists)
    worker, survivor = first.attempt_file().worker_pid, int((tmp_path / "child").read_text())
    first.process.kill()
    wait_for(lambda: is_gone(worker))
    assert not is_gone(survivor)
    start("/bin/true", attempt=2).exit_file()
    assert is_gone(survivor)


def test_beats_while_the_worker_lives(start: Callable[..., Started], tmp_path: Path) -> None:
    start("/bin/sleep", "60")
    wait_for(lambda: (tmp_path / "beat").exists() and (tmp_path / "beat").read_bytes())
    first = (tmp_path / "beat").read_bytes()
    wait_for(lambda: (tmp_path / "beat").read_bytes() not in (first, b""))


def test_a_deaf_worker_gets_its_grace_then_the_signals(
    start: Callable[..., Started], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim_process = start(
        "/bin/sh", "-c", "trap 'echo asked > asked; exit 3' TERM; touch ready; while :; do sleep 0.05; done"
    )
    wait_for((tmp_path / "ready").exists)
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "cancel").write_text("0.1")
    assert shim_process.exit_file().code == 3
    assert (tmp_path / "asked").exists()


def test_requests_of_an_earlier_attempt_are_forgotten(start: Callable[..., Started], tmp_path: Path) -> None:
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "cancel").write_text("0")
    assert start("/bin/sh", "-c", "test ! -e control/cancel && sleep 0.6").exit_file().code == 0


def test_a_shim_that_is_told_to_stop_ends_its_worker_and_says_so(start: Callable[..., Started], tmp_path: Path) -> None:
    shim_process = start("/bin/sh", "-c", "touch ready; sleep 60")
    wait_for((tmp_path / "ready").exists)
    shim_process.process.terminate()
    assert shim_process.exit_file().signal == signal.SIGTERM


def test_a_chatty_worker_cannot_fill_the_disk(start: Callable[..., Started], tmp_path: Path) -> None:
    code = (
        f"import sys; [sys.stdout.write('x' * 99 + chr(10)) for _ in range({3 * shim.LOG_BYTES // 100})]; print('end')"
    )
    assert start(sys.executable, "-S", "-c", code).exit_file().code == 0
    sizes = [(tmp_path / name).stat().st_size for name in ("worker.log", "worker.log.1")]
    assert max(sizes) <= shim.LOG_BYTES
    assert (tmp_path / "worker.log").read_text().endswith("end\n")


def test_a_full_disk_does_not_keep_the_end_untold(start: Callable[..., Started], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=512) as disk:
        (disk / "control").mkdir()
        shim_process = start(
            "/bin/sh", "-c", "while [ ! -e control/go ]; do sleep 0.02; done; echo x; exit 5", run=disk
        )
        wait_for(lambda: (disk / "attempt.json").exists() and (disk / "beat").exists())
        (disk / "control" / "go").touch()
        fill_disk(disk)
        ended = shim_process.exit_file()
        assert (ended.code, ended.signal) == (5, None)


def test_a_disk_that_is_full_from_the_start_is_told(start: Callable[..., Started], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=64) as disk:
        fill_disk(disk)
        shim_process = start("/bin/true", run=disk)
        assert shim_process.end() == shim.EXIT_DISK_FULL
        assert "space" in shim_process.said


def test_needs_nothing_but_the_standard_library() -> None:
    code = (
        f"import runpy, sys; runpy.run_path({shim.__file__!r}, run_name='x'); "
        "print([name for name in sys.modules if 'brew' in name or name in ('site', 'pydantic')])"
    )
    said = subprocess.run(
        [sys.executable, "-S", "-E", "-s", "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert json.loads(said.stdout.replace("'", '"')) == []
