"""Numbers that are not finite, wherever they begin: the run stops, and goes on from what was good."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from brewslm.core.checkpoints.choosing import whole_checkpoints
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.rundir import ExitCode
from brewslm.worker.failure import NotFiniteError
from brewslm.worker.run import Run
from brewslm.worker.train.checkpoints.trained import Trainee
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from brewslm.worker.train.loop import _Training, train
from tests.worker.tiny import Scene, adapter_bytes, facts, records

NAN = float("nan")


class Poisoned:
    """An objective that does what it should, until its poison at one step."""

    def __init__(self, inner: Any, trainee: Trainee, *, step: int, kind: str) -> None:
        self._inner, self._trainee, self._left, self._kind = inner, trainee, step, kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def add_gradients(self, batch: Any, *, scale: float) -> float:
        loss = self._inner.add_gradients(batch, scale=scale)
        self._left -= 1
        if self._left == 0 and self._kind == "gradients":
            weight = next(weight for weight in self._trainee.model.parameters() if weight.grad is not None)
            weight.grad[0, 0] = NAN
        return NAN if self._left == 0 and self._kind == "loss" else loss

    def weights_changed(self) -> None:
        if self._left == 0 and self._kind == "weights":
            with torch.no_grad():
                next(weight for weight in self._trainee.model.parameters() if weight.requires_grad)[0, 0] = NAN
        if self._left == 0 and self._kind == "moments":
            next(iter(self._trainee.optimizer.state.values()))["exp_avg"][0, 0] = NAN
        self._inner.weights_changed()


def poisoned(order: TrainOrder, run: Run, *, step: int, kind: str) -> Callable[[], object]:
    def start() -> object:
        with CheckpointWriter(run, keep=2) as writer:
            training = _Training(order, run, writer)
            objective: Any = Poisoned(training.objective, training.trainee, step=step, kind=kind)
            training.objective = objective
            return training.run()

    return start


@pytest.mark.parametrize("step", [5, 6], ids=["between saves", "just before a save"])
@pytest.mark.parametrize("kind", ["loss", "gradients", "weights", "moments"])
def test_the_run_stops_and_goes_on_from_the_newest_that_is_good(scene: Scene, kind: str, step: int) -> None:
    order = scene.order(data={"total_steps": 8})
    run = scene.run("a")
    with pytest.raises(NotFiniteError) as caught:
        poisoned(order, run, step=step, kind=kind)()
    assert caught.value.exit_code == ExitCode.NOT_FINITE
    assert caught.value.step in {step, step + 1, step + 2}, "a moment tells a step later, what is being saved one more"
    assert {one.step for one in whole_checkpoints(run.folder / "checkpoints")} == {3, 4}
    again = scene.run("a", attempt=2)
    result = train(order, again)
    whole = scene.run("whole")
    undisturbed = train(order, whole)
    assert result is not None
    assert undisturbed is not None
    assert records(again.folder, "started")[-1]["resumed_from_step"] == 4
    assert facts(result) == facts(undisturbed)
    assert adapter_bytes(again.folder, result.checkpoint) == adapter_bytes(whole.folder, undisturbed.checkpoint)
