"""Several processes make the training that one makes."""

import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from brewslm.worker.processes import Processes
from tests.worker.ranks import result_of, stopped_at, train_with, weights_file
from tests.worker.tiny import Scene, curve, records

TOLERANCE = 2e-5
"""Nats; sums are made in another order."""


def test_two_processes_make_the_training_of_one(scene: Scene) -> None:
    order = scene.order(data={"batch_size": 6, "total_steps": 8})
    one = train_with(scene, "one", order, num=1)
    two = train_with(scene, "two", order, num=2)
    for (step, loss, eval_loss), (other_step, other_loss, other_eval) in zip(curve(one), curve(two), strict=True):
        assert step == other_step
        assert (loss, eval_loss) == pytest.approx((other_loss, other_eval), abs=TOLERANCE)
    sizes = [result_of(folder).num_tokens_seen for folder in (one, two)]
    assert sizes[0] == sizes[1]
    other = load_file(weights_file(two))
    for name, weight in load_file(weights_file(one)).items():
        np.testing.assert_allclose(weight, other[name], atol=2e-4)


def test_two_killed_processes_end_as_undisturbed_ones_to_the_bit(scene: Scene) -> None:
    order = scene.order(lora={"lora_dropout": 0.2}, data={"batch_size": 6, "total_steps": 8})
    whole = train_with(scene, "whole", order, num=2)
    broken = stopped_at(scene, "broken", order, step=6)
    train_with(scene, "broken", order, num=2, attempt=2)
    assert records(broken, "started")[-1]["resumed_from_step"] in {3, 4}
    assert weights_file(broken).read_bytes() == weights_file(whole).read_bytes()
    assert curve(broken) == curve(whole)


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
