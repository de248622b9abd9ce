"""Real processes that train together, forked from one that has the libraries loaded, so that each starts at once."""

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.progress import Record
from brewslm.core.wire.result import RESULT, TrainResult
from brewslm.worker.__main__ import main
from brewslm.worker.journal import Journal
from tests.worker.tiny import Scene

STANDS_STILL = "stands-still"

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["brewslm.worker.dispatch", "brewslm.worker.train.loop"])


def start_ranks(work: Callable[..., int], *arguments: Any, num: int) -> list[BaseProcess]:
    """Let so many processes do the work, each in its place; it returns an exit code."""
    port = free_port()
    ranks: list[BaseProcess] = [
        _SERVER.Process(target=_at, args=(rank, num, port, work, arguments), daemon=True) for rank in range(num)
    ]
    for rank in ranks:
        rank.start()
    return ranks


def finish_ranks(ranks: list[BaseProcess]) -> list[int | None]:
    for rank in ranks:
        rank.join(120)
    return [rank.exitcode for rank in ranks]


def train_with(scene: Scene, name: str, order: TrainOrder, *, num: int, attempt: int = 1) -> Path:
    folder = scene.run_directory(name, order)
    codes = finish_ranks(start_ranks(attend, folder, attempt, num=num))
    failure = folder / "failure.json"
    assert codes == [0] * num, failure.read_text() if failure.exists() else codes
    return folder


def stopped_at(scene: Scene, name: str, order: TrainOrder, *, step: int) -> Path:
    """Train in two processes, and kill both once the journal has a record of `step`, and a checkpoint is durable."""
    folder = scene.run_directory(name, order)
    ranks = start_ranks(attend_until, folder, step, num=2)
    stands_still, checkpoints = folder / STANDS_STILL, folder / "checkpoints"
    wait_for(lambda: stands_still.exists() and any(checkpoints.glob("step-*")))
    for rank in ranks:
        rank.kill()
    assert finish_ranks(ranks) == [-signal.SIGKILL] * 2
    return folder


def attend(folder: Path, attempt: int) -> int:
    return main([str(folder), str(attempt)])


def attend_until(folder: Path, step: int) -> int:
    """Train, but stand still once the journal has a record of `step`, until somebody kills this process."""
    append = Journal.append

    def append_or_stop(journal: Journal, record: Record) -> None:
        append(journal, record)
        if getattr(record, "step", 0) == step:
            (folder / STANDS_STILL).touch()
            while True:
                signal.pause()

    Journal.append = append_or_stop  # type: ignore[method-assign]  # this process is there for nothing else
    return attend(folder, 1)


def wait_for(condition: Callable[[], object], *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def result_of(folder: Path) -> TrainResult:
    result = RESULT.validate_json((folder / "result.json").read_bytes())
    assert isinstance(result, TrainResult)
    return result


def weights_file(folder: Path) -> Path:
    """The weights that a training left, of an adapter or a model."""
    (path,) = (folder / result_of(folder).checkpoint).glob("*/*model.safetensors")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _at(rank: int, num: int, port: int, work: Callable[..., int], arguments: tuple[Any, ...]) -> None:
    if num > 1:
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": num, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in place.items()})
    torch.set_num_threads(1)
    os._exit(work(*arguments))
