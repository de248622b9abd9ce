"""Log-probabilities under the reference, which is the untuned base: measured once, before the first step, and kept.

So a step needs no second model and no second pass, and a resumed run compares with the very same numbers. Each answer
that the run will see is measured once, whatever the number of epochs; those that it will not see are not measured.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from peft import PeftModel
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from brewslm.core.wire.order import TrainOrder
from brewslm.worker.failure import NotFiniteError
from brewslm.worker.files import write_whole
from brewslm.worker.models import AnyModel
from brewslm.worker.run import Run
from brewslm.worker.shard import Examples
from brewslm.worker.train.objectives.answers import Selection, both
from brewslm.worker.train.objectives.scores import joint_losses
from brewslm.worker.train.processes import Processes
from brewslm.worker.train.state import fingerprint_of

REFERENCE_FILE = "reference.safetensors"


@dataclass(frozen=True, slots=True)
class Reference:
    """Log-probabilities of the two examples of each row, nats."""

    train: NDArray[np.float64]
    """[num_rows, 2]; not a number where the run will not see the row."""
    eval: NDArray[np.float64]
    """[num_rows, 2]."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """How a reference is measured: the processes of a training together, the first keeps the file."""

    model: AnyModel
    """Not trained yet, so that also a model without an adapter is the base."""
    order: TrainOrder
    """What the numbers belong to."""
    run: Run
    processes: Processes

    def of(self, train: Examples, eval_: Examples, *, rows: NDArray[np.int64]) -> Reference:
        """Return what the run has kept, or measure it.

        Args:
            train: two examples for each row of the train split.
            eval_: the same of the eval split.
            rows: those of the train split to measure.

        Raises:
            NotFiniteError: the base model itself is broken.
        """
        path = self.run.folder / REFERENCE_FILE
        owner = {"fingerprint": fingerprint_of(self.order).model_dump_json()}
        try:
            with safe_open(path, framework="numpy") as file:
                if file.metadata() == owner:
                    return Reference(file.get_tensor("train"), file.get_tensor("eval"))
        except (OSError, SafetensorError):
            pass
        num_eval = len(eval_) // 2
        share = len(rows) / (len(rows) + num_eval)
        with self.model.disable_adapter() if isinstance(self.model, PeftModel) else nullcontext():
            reference = Reference(
                train=self._logps(train, rows, _teller(self.run, 0.0, share)),
                eval=self._logps(eval_, np.arange(num_eval), _teller(self.run, share, 1.0)),
            )
        if self.processes.is_first:
            write_whole(path, save({"train": reference.train, "eval": reference.eval}, owner))
        return reference

    def _logps(
        self, examples: Examples, rows: NDArray[np.int64], on_batch: Callable[[float], None]
    ) -> NDArray[np.float64]:
        logps = np.full((len(examples) // 2, 2), np.nan)
        if len(rows):
            losses = joint_losses(self.model, Selection(examples, both(rows)), self.processes, on_batch=on_batch)
            if not np.isfinite(losses).all():
                name = self.order.base_model
                raise NotFiniteError(f"A log-probability under the base model {name!r} is not finite.", step=0)
            logps[rows] = -losses.reshape(-1, 2)
        return logps


def _teller(run: Run, start: float, end: float) -> Callable[[float], None]:
    """Tell of each twentieth of the work, of which this part is from `start` to `end`."""
    told = start

    def tell(share: float) -> None:
        nonlocal told
        now = start + share * (end - start)
        if now >= told + 0.05:
            told = now
            run.progress(now, "log-probabilities of the answers under the base")

    return tell
