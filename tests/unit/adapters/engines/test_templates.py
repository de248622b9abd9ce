"""A worker that was forked of a template is like one that was started; a template that fails costs no worker."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from brewslm.adapters.engines import shim, templates
from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.engines.templates import Templates
from brewslm.core.wire import forking
from tests.unit.adapters.engines.looks import LOOKS_FILE, interpreter

pytestmark = pytest.mark.skipif(not templates.IS_POSSIBLE, reason="the kernel has no pidfd: there are no templates")

Making = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[Making]:
    """Make run directories; what is left of their workers is ended."""
    made: list[Path] = []

    def make(work: int | str = "stay") -> Path:
        folder = tmp_path / f"exp-{len(made):03}"
        folder.mkdir()
        (folder / "work.json").write_text(json.dumps(work))
        made.append(folder)
        return folder

    yield make
    for folder in made:
        LocalEngine(environment={}).cancel(folder, grace_seconds=0)


@pytest.fixture
def own() -> Iterator[Templates]:
    made = Templates()
    yield made
    made.end()


@pytest.fixture(scope="module")
def unhurt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], LocalEngine]]:
    """Make engines with one template for all tests that do it no harm."""
    made, python = Templates(), interpreter(tmp_path_factory.mktemp("unhurt"))
    yield lambda: engine_with(made, python)
    made.end()


def engine_with(own: Templates | None, python: str) -> LocalEngine:
    return LocalEngine(environment=os.environ, python=python, num_threads=1, templates=own)


def wait_for(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return found


def looks_of(run: Path) -> dict[str, Any]:
    wait_for((run / LOOKS_FILE).exists)
    found: dict[str, Any] = json.loads((run / LOOKS_FILE).read_text())
    return found


def attempt_of(run: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((run / "attempt.json").read_text())
    return found


def template_of(run: Path) -> psutil.Process:
    """The parent of the shim of a worker that was forked."""
    parent = psutil.Process(attempt_of(run)["shim_pid"]).parent()
    assert parent is not None
    assert parent.pid != os.getpid(), "it was not forked"
    return parent


def was_started_plainly(run: Path) -> bool:
    return psutil.Process(attempt_of(run)["shim_pid"]).ppid() == os.getpid()


def test_it_looks_like_one_that_was_started(
    unhurt: Callable[[], LocalEngine], make_run: Making, tmp_path: Path
) -> None:
    forked, started = make_run(), make_run()
    (forked / "device").write_text("1")
    (started / "device").write_text("1")
    unhurt().submit(forked, attempt=3)
    engine_with(None, interpreter(tmp_path)).submit(started, attempt=3)
    assert template_of(forked)
    assert was_started_plainly(started)
    expected = json.loads(json.dumps(looks_of(started)).replace(str(started), str(forked)))
    assert looks_of(forked) == expected
    assert expected["mark"] == [f"BREWSLM_WORKER_OF={forked}"]
    assert expected["environment"]["CUDA_VISIBLE_DEVICES"] == "1"
    shims = [psutil.Process(attempt_of(run)["shim_pid"]) for run in (forked, started)]
    assert [one.cmdline()[4:7] for one in shims] == [[shim.__file__, str(run), "3"] for run in (forked, started)]
    assert {**shims[0].environ(), "PWD": ""} == {**shims[1].environ(), "PWD": ""}
    assert shims[0].memory_info().rss < 40 << 20, "the shim does not keep the libraries"


@pytest.mark.parametrize("code", [0, 72])
def test_its_end_is_told_as_ever(unhurt: Callable[[], LocalEngine], make_run: Making, code: int) -> None:
    engine, run = unhurt(), make_run(code)
    engine.submit(run, attempt=1)
    wait_for(lambda: engine.status(run).state == "ended")
    assert engine.status(run).exit_code == code
    assert (run / "worker.log").read_text() == "said\n"
    assert engine.status(run).attempt == 1


def test_it_dies_with_its_shim(unhurt: Callable[[], LocalEngine], make_run: Making) -> None:
    engine, run = unhurt(), make_run()
    engine.submit(run, attempt=1)
    looks_of(run)
    worker = psutil.Process(attempt_of(run)["worker_pid"])
    os.kill(attempt_of(run)["shim_pid"], signal.SIGKILL)
    worker.wait(30)
    assert engine.status(run).state == "lost"


def test_cancel_ends_it(unhurt: Callable[[], LocalEngine], make_run: Making) -> None:
    engine, run = unhurt(), make_run()
    engine.submit(run, attempt=1)
    looks_of(run)
    released = engine.cancel(run, grace_seconds=0)
    assert (released.num_processes, released.num_left) == (1, 0)
    assert engine.status(run).signal == signal.SIGTERM


def test_one_template_serves_all_and_none_starts_beside_a_living_attempt(
    unhurt: Callable[[], LocalEngine], make_run: Making
) -> None:
    engine, runs = unhurt(), [make_run(), make_run()]
    wanted = [threading.Thread(target=engine.submit, args=(run,), kwargs={"attempt": 1}) for run in runs * 3]
    for thread in wanted:
        thread.start()
    for thread in wanted:
        thread.join()
    assert template_of(runs[0]) == template_of(runs[1])
    looks_of(runs[0]), looks_of(runs[1])
    shims = [child for child in template_of(runs[0]).children() if child.status() != psutil.STATUS_ZOMBIE]
    wait_for(lambda: len([one for one in shims if one.is_running()]) == len(runs))


def test_workers_outlive_a_template_that_is_killed_and_the_next_one_has_a_new_one(
    own: Templates, make_run: Making, tmp_path: Path
) -> None:
    engine, first, second = engine_with(own, interpreter(tmp_path)), make_run(), make_run()
    engine.submit(first, attempt=1)
    killed = template_of(first)
    killed.kill()
    killed.wait(30)
    engine.submit(second, attempt=1)
    assert template_of(second) != killed
    assert engine.status(first).state == engine.status(second).state == "alive"
    looks_of(first)
    engine.cancel(first, grace_seconds=0)
    assert engine.status(first).signal == signal.SIGTERM, "its shim wrote down how it ended"


def test_a_template_that_does_not_answer_is_ended_and_the_worker_starts_without_it(
    own: Templates, make_run: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(templates, "FORK_SECONDS", 0.1)
    engine, first, second = engine_with(own, interpreter(tmp_path)), make_run(), make_run()
    engine.submit(first, attempt=1)
    stopped = template_of(first)
    stopped.suspend()
    with caplog.at_level(logging.WARNING):
        engine.submit(second, attempt=1)
    assert was_started_plainly(second)
    assert "without a template" in caplog.text
    assert not stopped.is_running()


@pytest.mark.parametrize(
    ("template", "why"), [("threads", "2 threads run"), ("broken", "ImportError: no libraries here"), ("none", "ended")]
)
def test_without_a_fit_template_workers_start_as_ever(
    own: Templates, make_run: Making, tmp_path: Path, caplog: pytest.LogCaptureFixture, template: str, why: str
) -> None:
    engine, runs = engine_with(own, interpreter(tmp_path, template=template)), [make_run(), make_run()]
    with caplog.at_level(logging.WARNING):
        for run in runs:
            engine.submit(run, attempt=1)
    assert all(map(was_started_plainly, runs))
    assert [why in record.message for record in caplog.records] == [True], "it is tried, and said, once"


def test_changed_code_is_loaded_by_a_new_template(
    own: Templates, make_run: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, first, second = engine_with(own, interpreter(tmp_path)), make_run(), make_run()
    engine.submit(first, attempt=1)
    old = template_of(first)
    monkeypatch.setattr(templates, "_code_on_disk", lambda: "changed")
    engine.submit(second, attempt=1)
    assert template_of(second) != old
    assert not old.is_running()


def test_the_code_that_counts_is_that_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines = tmp_path / "brewslm/adapters/engines/templates.py"
    loop = tmp_path / "brewslm/worker/train/loop.py"
    for file in (engines, loop, tmp_path / "brewslm/core/errors.py"):
        file.parent.mkdir(parents=True)
        file.write_text("")
    monkeypatch.setattr(templates, "__file__", str(engines))
    before = templates._code_on_disk()
    assert templates._code_on_disk() == before
    os.utime(loop, ns=(1, 1))
    assert templates._code_on_disk() != before


def test_an_idle_template_gives_its_memory_back(make_run: Making, tmp_path: Path) -> None:
    own, run = Templates(idle_seconds=0.05), make_run()
    before = _children_of(os.getpid())  # what other tests have left
    engine = engine_with(own, interpreter(tmp_path))
    engine.submit(run, attempt=1)
    wait_for(lambda: psutil.Process(attempt_of(run)["shim_pid"]).ppid() not in _children_of(os.getpid()))
    wait_for(lambda: (engine.status(run), not any(map(_is_zombie, _children_of(os.getpid()) - before)))[1])
    assert engine.status(run).state == "alive"


def _children_of(pid: int) -> set[int]:
    return {child.pid for child in psutil.Process(pid).children()}


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def test_a_template_ends_with_its_server_and_the_worker_lives_on(make_run: Making, tmp_path: Path) -> None:
    run = make_run()
    server = (
        "import os, sys, pathlib\n"
        "from brewslm.adapters.engines.local import LocalEngine\n"
        "from brewslm.adapters.engines.templates import Templates\n"
        "engine = LocalEngine(environment=os.environ, python=sys.argv[2], num_threads=1, templates=Templates())\n"
        "engine.submit(pathlib.Path(sys.argv[1]), attempt=1)\n"
        "print(os.getpid(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", server, str(run), interpreter(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    template = template_of(run)
    process.kill()
    process.communicate()
    template.wait(30)
    assert LocalEngine(environment={}).status(run).state == "alive"
    looks_of(run)


def test_the_shim_and_the_wire_call_the_mark_by_the_same_name() -> None:
    assert shim.MARK == forking.MARK
