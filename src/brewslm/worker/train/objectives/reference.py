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
from brewslm.worker.processes import Processes
from brewslm.worker.run import Run
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import Examples
from brewslm.worker.train.objectives.answers import Selection, both
from brewslm.worker.train.state import fingerprint_of

REFERENCE_FILE = "reference.safetensors"


@dataclass(frozen=True, slots=True)
class Reference:
    """Log-probabilities of the two examples of each row, nats."""

    train: NDArray[np.float64]
    """[num_rows, 2]; not a number where the run will not see the row."""
    eval: NDArray[np.float64]
    """[num_rows, 2]."""


def reference_of(
    model: AnyModel,
    train: Examples,
    eval_: Examples,
    *,
    rows: NDArray[np.int64],
    order: TrainOrder,
    run: Run,
) -> Reference:
    """Return what the run has kept, or measure it.

    Args:
        model: not trained yet, so that also a model without an adapter is the base.
        train: two examples for each row of the train split.
        eval_: the same of the eval split.
        rows: those of the train split to measure.
        order: what the numbers belong to.
        run: its processes share the work, the first keeps the file.

    Raises:
        NotFiniteError: the base model itself is broken.
    """
    path = run.folder / REFERENCE_FILE
    owner = {"fingerprint": fingerprint_of(order).model_dump_json()}
    try:
        with safe_open(path, framework="numpy") as file:
            if file.metadata() == owner:
                return Reference(file.get_tensor("train"), file.get_tensor("eval"))
    except (OSError, SafetensorError):
        pass
    parts = [(train, rows), (eval_, np.arange(len(eval_) // 2))]
    shares = np.cumsum([0, *(len(chosen) for _, chosen in parts)]) / max(1, sum(len(chosen) for _, chosen in parts))
    measured = []
    with model.disable_adapter() if isinstance(model, PeftModel) else nullcontext():
        for (examples, chosen), start, end in zip(parts, shares, shares[1:], strict=False):
            teller = _teller(run, float(start), float(end))
            logps = np.full((len(examples) // 2, 2), np.nan)
            answers = Selection(examples, both(chosen))
            logps[chosen] = _measure(model, answers, run.processes, teller, name=order.base_model)
            measured.append(logps)
    if run.processes.is_first:
        write_whole(path, save({"train": measured[0], "eval": measured[1]}, owner))
    return Reference(*measured)


def _measure(
    model: AnyModel, examples: Selection, processes: Processes, on_batch: Callable[[float], None], *, name: str
) -> NDArray[np.float64]:
    if not len(examples):
        return np.empty((0, 2))
    logps = -example_losses(model, examples, on_batch=on_batch, processes=processes).reshape(-1, 2)
    if not np.isfinite(logps).all():
        raise NotFiniteError(f"A log-probability under the base model {name!r} is not finite.", step=0)
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
