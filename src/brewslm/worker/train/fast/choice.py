"""Which path makes the gradients of a run, decided once and kept, so that a resumed run makes the same bits."""

import os
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value
from brewslm.core.wire.progress import NoticeRecord
from brewslm.worker.failure import BadOrderError
from brewslm.worker.files import write_whole
from brewslm.worker.models import AnyModel, compute_dtype_of
from brewslm.worker.operations.build import KernelBuildError
from brewslm.worker.operations.eager import EAGER
from brewslm.worker.operations.interface import Operations
from brewslm.worker.operations.native import native_operations
from brewslm.worker.packing import PackedBatch
from brewslm.worker.processes import Processes
from brewslm.worker.run import Run
from brewslm.worker.shard import Examples
from brewslm.worker.sharding.weights import is_sharded
from brewslm.worker.train.fast.path import FastPath
from brewslm.worker.train.fast.support import supports
from brewslm.worker.train.fast.trial import Trial, is_fast_usual, trial_batch, try_both
from brewslm.worker.train.general.fusing import is_fusable
from brewslm.worker.train.general.path import GeneralPath
from brewslm.worker.train.paths import GradientPath

CHOICE_FILE = "step_path.json"


class _Choice(Value):
    """`step_path.json`."""

    path: Literal["general", "fast"]
    operations: str | None = None
    """`native` or `eager`; None was kept for the general path when it had no kernels."""
    reason: str
    trial: Trial | None = None
    """What the choice was made by, if it was measured."""


def path_for(recipe: Recipe, model: AnyModel, split: Examples, run: Run) -> GradientPath:
    """Return the path that the recipe asks for, or that the run has kept, or that is the better one in a trial.

    Args:
        recipe: asks for a path, or for the better one.
        model: not trained yet, or not restored yet.
        split: of the training; rows of it are tried.
        run: keeps the choice.

    Raises:
        BadOrderError: the recipe asks for the fast path, which is not right for this model.
    """
    declined = "its weights are sharded" if is_sharded(model) else supports(model, dtype=compute_dtype_of(model))
    if recipe.step_path == "fast" and declined:
        raise BadOrderError(f"step_path='fast' cannot train {recipe.base_model!r}: {declined}; choose 'auto'.")
    kept = _kept(run.folder / CHOICE_FILE)
    against = _against(recipe, declined)
    if against is not None:
        return _announced(*_general(model, *_declined(model, against, kept)), kept, run)
    if recipe.step_path == "auto" and kept is not None and kept.path == "general":
        return _general(model, _operations(kept)[0], kept.reason)[0]
    if recipe.step_path == "auto" and kept is None:
        batch = trial_batch(split, recipe, run.processes, device=model.device)
        return _announced(*_better(model, batch, run.processes), kept, run)
    operations, reason = _operations(kept)
    if kept is not None and kept.operations == operations.name:
        reason = kept.reason
    choice = _Choice(path="fast", operations=operations.name, reason=reason, trial=kept.trial if kept else None)
    return _announced(FastPath(model, operations, dtype=compute_dtype_of(model)), choice, kept, run)


def _against(recipe: Recipe, declined: str | None) -> str | None:
    """Say what speaks against the fast path, if anything does."""
    if recipe.step_path == "general":
        return "the recipe asks for it"
    if recipe.activation_checkpointing:
        return "activation checkpointing is its alone"
    if recipe.data_parallel == "fsdp":
        return "sharded weights are its alone"
    return declined


def _declined(model: AnyModel, against: str, kept: _Choice | None) -> tuple[Operations, str]:
    """Return what the general path is to use where no trial was needed for it, and why it was taken."""
    if not is_fusable(model):
        return EAGER, against
    operations, how = _operations(kept)
    is_kept = kept is not None and kept.operations in {operations.name, None}
    return operations, kept.reason if kept is not None and is_kept else f"{against}, {how}"


def _general(
    model: AnyModel, operations: Operations, reason: str, trial: Trial | None = None
) -> tuple[GradientPath, _Choice]:
    """Return the general path, with compiled kernels where they are there and the model is one for them."""
    is_fused = operations is not EAGER and is_fusable(model)
    path = GeneralPath(model, operations if is_fused else None)
    name = operations.name if is_fused else EAGER.name
    return path, _Choice(path="general", operations=name, reason=reason, trial=trial)


def _better(model: AnyModel, batch: PackedBatch | None, processes: Processes) -> tuple[GradientPath, _Choice]:
    """Return the path that is better on this batch; of the processes the first says which is faster."""
    dtype = compute_dtype_of(model)
    (is_short,) = processes.any(batch is None)
    if is_short and not is_fast_usual(dtype):
        reason = "the run is too short to try the fast one in bfloat16"
        return _general(model, EAGER, reason)
    placed = [(weight, weight.data) for weight in model.parameters()]
    operations, reason = _operations(None)
    fast, general = FastPath(model, operations, dtype=dtype), GeneralPath(model)
    if batch is None or is_short:
        return fast, _Choice(path="fast", operations=operations.name, reason=reason)
    trial = try_both(model, general, fast, batch)
    is_slower, is_wrong = processes.any(processes.is_first and not trial.prefers_fast(dtype), not trial.agrees(dtype))
    if not is_slower and not is_wrong:
        reason = f"{reason}, {trial.rates}"
        return fast, _Choice(path="fast", operations=operations.name, reason=reason, trial=trial)
    for weight, data in placed:
        weight.data = data  # where it was before, since products may round by the place of what they read
    objection = "computes something else" if is_wrong else f"makes {trial.rates}"
    reason = f"on the first rows the fast path {objection}"
    return _general(model, EAGER if is_wrong else operations, reason, trial)


def _announced(path: GradientPath, choice: _Choice, kept: _Choice | None, run: Run) -> GradientPath:
    """Return the path; keep and say the choice where it is a new one."""
    if run.processes.is_first and choice != kept:
        write_whole(run.folder / CHOICE_FILE, choice.model_dump_json().encode())
        message = f"Gradients are made by the {choice.path} path: {choice.reason}."
        run.journal.append(NoticeRecord(**run.journal.stamp(), message=message))
    return path


def _operations(kept: _Choice | None) -> tuple[Operations, str]:
    """Return the compiled kernels, or torch's own operations where those were used or nothing can be compiled."""
    if kept is not None and kept.operations in {EAGER.name, None}:
        return EAGER, kept.reason
    try:
        return native_operations(kernel_folder()), "with compiled kernels"
    except KernelBuildError as error:
        return EAGER, f"without compiled kernels, since {error}"


def kernel_folder() -> Path:
    """Return the user's own cache of built kernels."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "brewslm" / "kernels"


def _kept(path: Path) -> _Choice | None:
    try:
        return _Choice.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
