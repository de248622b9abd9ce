"""Real processes: what survives when worker, shim or server is killed, and how a worker says why it ended."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.engines.templates import IS_POSSIBLE
from brewslm.bootstrap.container import TEMPLATES
from brewslm.core.wire.attempt import AttemptFile, FailureFile
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import RESULT, TrainResult
from brewslm.core.wire.rundir import ATTEMPT_FILE, FAILURE_FILE, RESULT_FILE, ExitCode
from brewslm.worker.__main__ import main
from brewslm.worker.train.loop import train
from tests.fakes.small_disk import fill_disk, small_disk
from tests.worker.tiny import Scene, adapter_bytes, curve, facts, records, write_examples

LONG: dict[str, Any] = {
    "data": {"total_steps": 120},
    "monitor": {"log_every": 1, "eval_every": 30, "checkpoint_every": 7},
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    engine = LocalEngine(environment=os.environ, num_threads=1, templates=TEMPLATES)
    yield engine
    for lock in tmp_path.rglob("lock"):
        engine.cancel(lock.parent, grace_seconds=0)


def wait_for(condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def run_to_end(engine: LocalEngine, folder: Path, *, attempt: int = 1) -> int | None:
    engine.submit(folder, attempt=attempt)
    wait_for(lambda: engine.status(folder).state != "alive")
    return engine.status(folder).exit_code


def attempt_of(folder: Path) -> AttemptFile:
    return AttemptFile.model_validate_json((folder / ATTEMPT_FILE).read_bytes())


def result_of(folder: Path) -> TrainResult:
    result = RESULT.validate_json((folder / RESULT_FILE).read_bytes())
    assert isinstance(result, TrainResult)
    return result


def failure_of(folder: Path) -> FailureFile:
    return FailureFile.model_validate_json((folder / FAILURE_FILE).read_bytes())


def last_step(folder: Path) -> int:
    return max((record["step"] for record in records(folder, "log")), default=0)


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_killed_again_and_again_it_ends_as_an_undisturbed_run_to_the_bit(scene: Scene, engine: LocalEngine) -> None:
    order = scene.order(**LONG)
    undisturbed = scene.run("whole")
    whole, theirs = undisturbed.folder, train(order, undisturbed)
    broken = scene.run_directory("broken", order)
    for attempt, (step, victim) in enumerate([(3, "worker"), (33, "shim"), (80, "worker")], start=1):
        engine.submit(broken, attempt=attempt)
        wait_for(lambda step=step: last_step(broken) >= step)
        killed = attempt_of(broken)
        os.kill(killed.worker_pid if victim == "worker" else killed.shim_pid, signal.SIGKILL)
        wait_for(lambda: engine.status(broken).state != "alive")
        status = engine.status(broken)
        assert (status.state, status.signal) == (("ended", 9) if victim == "worker" else ("lost", None))
        wait_for(lambda killed=killed: has_ended(killed.worker_pid))
        assert not (broken / RESULT_FILE).exists()
    assert run_to_end(engine, broken, attempt=4) == ExitCode.DONE
    ours = result_of(broken)
    assert facts(ours) == facts(theirs)
    assert adapter_bytes(broken, ours.checkpoint) == adapter_bytes(whole, theirs.checkpoint)
    assert curve(broken) == curve(whole)
    journal = (broken / "log.jsonl").read_bytes()
    numbers = [record["seq"] for record in records(broken)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert run_to_end(engine, broken, attempt=5) == ExitCode.DONE
    assert (broken / "log.jsonl").read_bytes() == journal, "a finished run is not done again"


@pytest.mark.skipif(not IS_POSSIBLE, reason="the kernel has no pidfd: there are no templates")
def test_a_forked_worker_and_a_started_one_make_the_same_to_the_bit(scene: Scene, engine: LocalEngine) -> None:
    order = scene.order(lora={"lora_dropout": 0.1})
    forked, started = scene.run_directory("forked", order), scene.run_directory("started", order)
    engine.submit(forked, attempt=1)
    assert psutil.Process(attempt_of(forked).shim_pid).ppid() != os.getpid(), "it was not forked"
    wait_for(lambda: engine.status(forked).state == "ended")
    assert run_to_end(LocalEngine(environment=os.environ, num_threads=1), started) == ExitCode.DONE
    ours, theirs = result_of(forked), result_of(started)
    assert facts(ours) == facts(theirs)
    assert curve(forked) == curve(started)
    assert adapter_bytes(forked, ours.checkpoint) == adapter_bytes(started, theirs.checkpoint)


def test_outlives_its_server_shows_its_stacks_and_obeys_the_next_server(scene: Scene, engine: LocalEngine) -> None:
    folder = scene.run_directory("a", scene.order(data={"total_steps": 100_000}))
    server = (
        "import os, sys, pathlib, time\n"
        "from brewslm.adapters.engines.local import LocalEngine\n"
        "LocalEngine(environment=os.environ, num_threads=1).submit(pathlib.Path(sys.argv[1]), attempt=1)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", server, str(folder)], check=False)
    assert ended.returncode == -signal.SIGKILL
    wait_for(lambda: last_step(folder) >= 4)
    os.kill(attempt_of(folder).worker_pid, signal.SIGUSR1)
    wait_for(lambda: "most recent call first" in (folder / "worker.log").read_text())
    assert engine.status(folder).state == "alive"
    engine.cancel(folder, grace_seconds=30)
    assert engine.status(folder).exit_code == ExitCode.DONE
    result = result_of(folder)
    assert result.status == "cancelled"
    assert (folder / result.checkpoint / "adapter" / "adapter_model.safetensors").is_file()


def test_memory_that_runs_out_has_its_exit_code(scene: Scene) -> None:
    write_examples(scene.train, [[5 + place % 90 for place in range(250)]], [[0] + [1] * 249])
    order = scene.order(data={"batch_size": 1024, "micro_batch_tokens": 1 << 20, "total_steps": 2})
    folder = scene.run_directory("a", order)
    # A build of torch for GPUs takes gigabytes of addresses by being loaded.
    loaded = "import psutil, brewslm.worker.dispatch; print(psutil.Process().memory_info().vms)"
    limit = int(subprocess.check_output([sys.executable, "-c", loaded])) + (3 << 28)
    command = [sys.executable, "-m", "brewslm.worker", str(folder), "1"]
    ended = subprocess.run(
        command,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == ExitCode.OUT_OF_MEMORY, ended.stderr
    assert "micro_batch_tokens" in failure_of(folder).message


def test_full_disk_has_its_exit_code_and_the_run_goes_on_when_there_is_room(
    scene: Scene, engine: LocalEngine, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", size_kib=2048) as disk:
        order: TrainOrder = scene.order(lora={"lora_rank": 16})
        folder = disk / "run"
        folder.mkdir()
        (folder / "order.json").write_text(order.model_dump_json())
        ballast = fill_disk(disk, leave_kib=96)
        assert run_to_end(engine, folder) == ExitCode.DISK_FULL
        assert "disk is full" in failure_of(folder).message
        assert not list((folder / "checkpoints").glob("*"))
        ballast.unlink()
        assert main([str(folder), "2"]) == ExitCode.DONE
        assert result_of(folder).last_step == 12
