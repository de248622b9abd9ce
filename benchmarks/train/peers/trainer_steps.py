"""Records the steps of anything that is built on `transformers.Trainer`."""

from typing import Any

from transformers import TrainerCallback

from benchmarks.train.peers.measured import Steps


class StepsCallback(TrainerCallback):
    """A step's loss and gradient norm are told by the log that follows it."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._steps.begin()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self._steps.end()

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self._steps.write(state.global_step, loss=logs["loss"], grad_norm=logs.get("grad_norm"))
