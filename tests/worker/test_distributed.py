"""Several processes make the training that one makes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import RESULT, TrainResult
from brewslm.worker.processes import Processes
from tests.worker.tiny import Scene, curve, records

TOLERANCE = 2e-5
"""Nats; sums are made in another order."""


def start(folder: Path, rank: int, *, num: int, port: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(num),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "brewslm.worker", str(folder), "1"]
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def train_with(scene: Scene, name: str, order: TrainOrder, *, num: int) -> Path:
    folder, port = scene.run_directory(name, order), free_port()
    ranks = [start(folder, rank, num=num, port=port) for rank in range(num)]
    complaints = [rank.communicate()[1].decode() for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0] * num, "\n".join(complaints)
    return folder


def result_of(folder: Path) -> TrainResult:
    result = RESULT.validate_json((folder / "result.json").read_bytes())
    assert isinstance(result, TrainResult)
    return result


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / result_of(folder).checkpoint / "adapter" / "adapter_model.safetensors")


def test_two_processes_make_the_training_of_one(scene: Scene) -> None:
    order = scene.order(data={"batch_size": 6, "total_steps": 8})
    one = train_with(scene, "one", order, num=1)
    two = train_with(scene, "two", order, num=2)
    for (step, loss, eval_loss), (other_step, other_loss, other_eval) in zip(curve(one), curve(two), strict=True):
        assert step == other_step
        assert (loss, eval_loss) == pytest.approx((other_loss, other_eval), abs=TOLERANCE)
    sizes = [result_of(folder).num_tokens_seen for folder in (one, two)]
    assert sizes[0] == sizes[1]
    other = weights_of(two)
    for name, weight in weights_of(one).items():
        np.testing.assert_allclose(weight, other[name], atol=2e-4)


def test_one_of_two_writes_the_journal(scene: Scene) -> None:
    folder = train_with(scene, "run", scene.order(data={"batch_size": 5, "total_steps": 4}), num=2)
    seqs = [record["seq"] for record in records(folder)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(records(folder, "started")) == 1
    assert any(record["baseline_loss"] is not None for record in records(folder, "log"))


def test_a_step_is_dealt_out_whole_and_evenly() -> None:
    random = np.random.default_rng(7)
    for _ in range(200):
        lengths = random.lognormal(4.0, 1.0, size=int(random.integers(1, 64))).astype(np.int64) + 1
        examples = random.permutation(1000)[: len(lengths)]
        num = int(random.integers(1, 5))
        shares = [Processes(rank, num).share(examples, lengths) for rank in range(num)]
        assert sorted(np.concatenate(shares)) == sorted(examples)
        length_of = dict(zip(examples.tolist(), lengths.tolist(), strict=True))
        tokens = [sum(length_of[example] for example in share.tolist()) for share in shares]
        assert max(tokens) - min(tokens) <= lengths.max()


def test_a_missing_variable_is_named(scene: Scene) -> None:
    folder = scene.run_directory("run", scene.order())
    environment = {**os.environ, "WORLD_SIZE": "2", "RANK": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "brewslm.worker", str(folder), "1"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 64
    assert "MASTER_ADDR is not set" in (folder / "failure.json").read_text()
