"""A recipe carried out otherwise after a recovery: less at once, more gently, from further back, and no more."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.checkpoints.choosing import whole_checkpoints
from brewslm.core.wire.attempt import FailureFile
from brewslm.core.wire.recovery import Adjustments, RecoveryFile
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, FAILURE_FILE, PULSE_FILE, RECOVERY_FILE, ExitCode
from brewslm.worker.__main__ import _fail
from brewslm.worker.failure import BadOrderError, OutOfMemoryError
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from brewslm.worker.train.loop import _Training, train
from tests.worker.tiny import Scene, adapter_bytes, curve, records


def adjust(folder: Path, **adjustments: Any) -> None:
    recovery = RecoveryFile(adjustments=Adjustments(**adjustments))
    (folder / RECOVERY_FILE).write_text(recovery.model_dump_json())


def test_smaller_micro_batches_give_the_same_curve(scene: Scene) -> None:
    order = scene.order()
    plain, small = scene.run("plain"), scene.run("small")
    train(order, plain)
    adjust(small.folder, micro_batch_tokens=24, activation_checkpointing=True)
    train(order, small)
    for (step, loss, eval_loss), (step_too, loss_too, eval_loss_too) in zip(
        curve(plain.folder), curve(small.folder), strict=True
    ):
        assert step == step_too
        assert loss_too == pytest.approx(loss, abs=1e-5)
        assert eval_loss_too == pytest.approx(eval_loss, abs=1e-5)


def test_a_run_goes_on_at_a_lower_rate_past_the_step_that_failed(scene: Scene) -> None:
    order = scene.order(monitor={"log_every": 1})
    whole, run = scene.run("whole"), scene.run("a")
    train(order, whole)
    adjust(run.folder, learning_rate_factor=0.5, skipped_steps=(5,))
    result = train(order, run)
    assert result is not None
    assert result.last_step == 12
    logged = {record["step"]: record for record in records(run.folder, "log")}
    undisturbed = {record["step"]: record for record in records(whole.folder, "log")}
    assert sorted(logged) == [step for step in range(1, 13) if step != 5]
    assert any("Step 5 was passed over" in notice["message"] for notice in records(run.folder, "notice"))
    for step, record in logged.items():
        assert record["learning_rate"] == pytest.approx(undisturbed[step]["learning_rate"] / 2)


def test_a_step_that_is_passed_over_leaves_the_weights_as_they_were(scene: Scene) -> None:
    order = scene.order(monitor={"checkpoint_every": 1, "keep_checkpoints": 12})
    run = scene.run("a")
    adjust(run.folder, skipped_steps=(5,))
    train(order, run)
    by_step = {
        one.step: adapter_bytes(one.folder.parent, one.folder.name)
        for one in whole_checkpoints(run.folder / CHECKPOINTS_FOLDER)
    }
    assert by_step[5] == by_step[4]
    assert by_step[6] != by_step[5]


def test_the_last_step_can_be_passed_over(scene: Scene) -> None:
    run = scene.run("a")
    adjust(run.folder, skipped_steps=(12,))
    result = train(scene.order(), run)
    assert result is not None
    assert (result.status, result.last_step) == ("completed", 12)


def test_the_newest_checkpoint_is_set_aside_once_where_there_is_an_older_one(scene: Scene) -> None:
    order = scene.order(data={"total_steps": 12})
    first = scene.run("a")
    train(scene.order(data={"total_steps": 12}), first)
    (first.folder / "result.json").unlink(missing_ok=True)
    newest, older = whole_checkpoints(first.folder / CHECKPOINTS_FOLDER)[:2]
    adjust(first.folder, step_back_in=2)
    again = scene.run("a", attempt=2)
    train(order, again)
    assert records(again.folder, "started")[-1]["resumed_from_step"] == older.step
    assert (first.folder / CHECKPOINTS_FOLDER / f"aside.{newest.folder.name}").is_dir()
    third = scene.run("a", attempt=3)
    train(order, third)
    assert records(third.folder, "started")[-1]["resumed_from_step"] == 12


def test_the_only_checkpoint_is_not_set_aside(scene: Scene) -> None:
    order = scene.order(data={"total_steps": 3}, schedule={"warmup_steps": 1})
    run = scene.run("a")
    train(order, run)
    adjust(run.folder, step_back_in=2)
    train(order, scene.run("a", attempt=2))
    assert records(run.folder, "started")[-1]["resumed_from_step"] == 3


def test_adjustments_that_cannot_be_read_are_named(scene: Scene) -> None:
    run = scene.run("a")
    (run.folder / RECOVERY_FILE).write_text("{")
    with pytest.raises(BadOrderError, match=r"recovery\.json"):
        train(scene.order(), run)


def test_memory_that_runs_out_in_a_step_says_what_was_in_the_model(scene: Scene) -> None:
    order, run = scene.order(), scene.run("a")

    class Greedy:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def add_gradients(self, _batch: Any, *, scale: float) -> float:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    with CheckpointWriter(run, keep=2) as writer:
        training = _Training(order, run, writer)
        greedy: Any = Greedy(training.objective)
        training.objective = greedy
        with pytest.raises(OutOfMemoryError) as caught:
            training.run()
    assert _fail(run.folder, 1, caught.value) == ExitCode.OUT_OF_MEMORY
    failure = FailureFile.model_validate_json((run.folder / FAILURE_FILE).read_bytes())
    assert failure.step == 1
    assert failure.micro_batch is not None
    assert failure.micro_batch.num_examples == 4
    assert f"{failure.micro_batch.num_tokens} tokens" in failure.message


def test_a_worker_beats_while_it_gets_on_and_not_while_it_is_stopped(scene: Scene) -> None:
    order = scene.order(data={"total_steps": 100_000}, monitor={"eval_every": 50_000, "checkpoint_every": 50_000})
    folder = scene.run_directory("a", order)
    worker = subprocess.Popen([sys.executable, "-m", "brewslm.worker", str(folder)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        seen: set[str] = set()
        while len([one for one in seen if one.startswith("training")]) < 3:
            assert time.monotonic() < deadline, seen
            assert worker.poll() is None
            seen.add(pulse(folder))
            time.sleep(0.05)
        os.kill(worker.pid, signal.SIGSTOP)
        os.waitpid(worker.pid, os.WUNTRACED)
        stopped = pulse(folder)
        time.sleep(1.2)  # more than two pulses: what is looked for is that nothing happens
        assert pulse(folder) == stopped
    finally:
        worker.kill()
        worker.wait()
    assert any(one.startswith("starting") for one in seen)


def pulse(folder: Path) -> str:
    path = folder / PULSE_FILE
    return path.read_text() if path.exists() else ""
