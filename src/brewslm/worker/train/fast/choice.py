"""Which path a training takes: said by the recipe, or chosen once and kept for as long as the run lives."""

import json
import math
import os
import time
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import ValidationError

from brewslm.core.value import Value
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.progress import NoticeRecord
from brewslm.worker.failure import BadOrderError
from brewslm.worker.files import write_whole
from brewslm.worker.models import AnyModel, compute_dtype_of
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.run import Run
from brewslm.worker.shard import Shard
from brewslm.worker.train.batches import Curriculum
from brewslm.worker.train.fast.operations.build import KernelBuildError
from brewslm.worker.train.fast.operations.eager import EAGER
from brewslm.worker.train.fast.operations.interface import Operations
from brewslm.worker.train.fast.operations.native import native_operations
from brewslm.worker.train.fast.path import FastPath
from brewslm.worker.train.fast.support import supports
from brewslm.worker.train.paths import GeneralPath, GradientPath

PATH_FILE = "path.json"
WORK_THAT_PAYS = 1e13
"""Operations of a run, about a minute and a half on two cores, above which a quarter of a minute of building pays."""
PROBE_TOKENS = 256
PROBE_ROUNDS = 2
CLEARLY_SLOWER = 1.25
"""The fast path is left only where it takes so many times as long: noise must not change how a run is computed."""


class PathChoice(Value):
    """What was chosen; a resumed run takes the same path, because the other one rounds otherwise."""

    path: Literal["general", "fast"]
    operations: Literal["native", "eager"] | None = None
    reason: str


def path_for(order: TrainOrder, run: Run, model: AnyModel, split: Shard) -> GradientPath:
    """Return the path of this run, choosing it in its first attempt.

    Raises:
        BadOrderError: the recipe asks for the fast path, which cannot train this model.
    """
    with run.processes.first_then_others():
        choice = _kept(run) or _choose(order, run, model, split)
    if choice.path == "general":
        return GeneralPath(model)
    operations = EAGER if choice.operations == "eager" else _native(run) or EAGER
    return FastPath(model, operations, dtype=compute_dtype_of(model))


def _kept(run: Run) -> PathChoice | None:
    try:
        return PathChoice.model_validate_json((run.folder / PATH_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _choose(order: TrainOrder, run: Run, model: AnyModel, split: Shard) -> PathChoice:
    engine = order.recipe.engine
    reason = "activation_checkpointing is on" if order.recipe.activation_checkpointing else None
    reason = reason or supports(model, dtype=compute_dtype_of(model))
    if engine == "fast" and reason:
        raise BadOrderError(f"engine='fast' cannot train this model: {reason}. Choose engine='auto' or 'general'.")
    if engine == "general" or reason:
        choice = PathChoice(path="general", reason=reason or "the recipe says so")
    else:
        native = _native(run) if _work(order, model, split) > WORK_THAT_PAYS else None
        name: Literal["native", "eager"] = "native" if native else "eager"
        choice = PathChoice(path="fast", operations=name, reason="the recipe says so")
        if engine == "auto":
            choice = _probed(model, split, native or EAGER, choice)
    write_whole(run.folder / PATH_FILE, json.dumps(choice.model_dump(), indent=1).encode(), disk=run.disk)
    return choice


def _work(order: TrainOrder, model: AnyModel, split: Shard) -> float:
    """Return about how many operations the whole run takes: 4 or 6 for each weight and token."""
    data, num_weights = order.recipe.data, sum(weight.numel() for weight in model.parameters())
    total_steps = Curriculum(split.lengths, data, seed=order.recipe.seed).total_steps
    num_examples = total_steps * data.batch_size * data.gradient_accumulation_steps
    return (4.0 if order.recipe.has_adapter else 6.0) * num_weights * num_examples * float(split.lengths.mean())


def _native(run: Run) -> Operations | None:
    """Return the compiled kernels, or say why there are none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "brewslm" / "kernels"
    try:
        return native_operations(cache)
    except KernelBuildError as error:
        message = f"The fast path runs without kernels of its own, which is slower: {error}."
        run.journal.append(NoticeRecord(**run.journal.stamp(), message=message))
        return None


def _probed(model: AnyModel, split: Shard, operations: Operations, choice: PathChoice) -> PathChoice:
    """Measure both paths on a short row, and return the general one if the fast one is clearly slower."""
    batch = _short_row(split)
    if not batch.num_units:
        return choice
    paths: dict[str, GradientPath] = {
        "general": GeneralPath(model),
        "fast": FastPath(model, operations, dtype=compute_dtype_of(model)),
    }
    seconds = dict.fromkeys(paths, math.inf)
    for _ in range(PROBE_ROUNDS):
        for name, path in paths.items():
            began_at = time.perf_counter()
            path.add_gradients(batch, scale=1.0)
            seconds[name] = min(seconds[name], time.perf_counter() - began_at)
    model.zero_grad(set_to_none=True)
    ratio = seconds["general"] / seconds["fast"]
    reason = f"measured on {batch.num_tokens} tokens: the fast path has {ratio:.2f} times the speed of the general one"
    if ratio * CLEARLY_SLOWER < 1:
        return PathChoice(path="general", reason=reason)
    return choice.model_copy(update={"reason": reason})


def _short_row(split: Shard) -> PackedBatch:
    """Pack the first examples that have labels, up to a few hundred tokens."""
    labelled = np.flatnonzero(split.num_trained)
    fitting = int(np.searchsorted(split.lengths[labelled].cumsum(), PROBE_TOKENS, side="right"))
    return pack(split, labelled[: max(1, fitting)], device=torch.device("cpu"))
