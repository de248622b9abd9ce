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
from brewslm.worker.run import Run
from brewslm.worker.sharding.weights import is_sharded
from brewslm.worker.train.fast.operations.build import KernelBuildError
from brewslm.worker.train.fast.operations.eager import EAGER
from brewslm.worker.train.fast.operations.interface import Operations
from brewslm.worker.train.fast.operations.native import native_operations
from brewslm.worker.train.fast.path import FastPath
from brewslm.worker.train.fast.support import supports
from brewslm.worker.train.paths import GeneralPath, GradientPath

CHOICE_FILE = "step_path.json"


class _Choice(Value):
    """`step_path.json`."""

    path: Literal["general", "fast"]
    operations: str | None
    """Of the fast path: `native` or `eager`."""
    reason: str


def path_for(recipe: Recipe, model: AnyModel, run: Run) -> GradientPath:
    """Return the path that the recipe asks for; `auto` is the fast one where it is right for the model in float32.

    Raises:
        BadOrderError: the recipe asks for the fast path, which is not right for this model.
    """
    declined = "its weights are sharded" if is_sharded(model) else supports(model, dtype=compute_dtype_of(model))
    if recipe.step_path == "fast" and declined:
        raise BadOrderError(f"step_path='fast' cannot train {recipe.base_model!r}: {declined}; choose 'auto'.")
    kept = _kept(run.folder / CHOICE_FILE)
    operations: Operations | None = None
    if kept is None or kept.path == "fast":
        reason = _against(recipe, declined)
        operations, reason = (None, reason) if reason else _operations(kept)
        choice = _Choice(
            path="fast" if operations else "general", operations=operations.name if operations else None, reason=reason
        )
        if run.processes.is_first and choice != kept:
            write_whole(run.folder / CHOICE_FILE, choice.model_dump_json().encode())
            message = f"Gradients are made by the {choice.path} path: {choice.reason}."
            run.journal.append(NoticeRecord(**run.journal.stamp(), message=message))
    return FastPath(model, operations, dtype=compute_dtype_of(model)) if operations else GeneralPath(model)


def _against(recipe: Recipe, declined: str | None) -> str:
    """Say what speaks against the fast path, nothing where nothing does."""
    if recipe.step_path == "general":
        return "the recipe asks for it"
    if recipe.step_path == "fast":
        return ""
    if recipe.activation_checkpointing:
        return "activation checkpointing is its alone"
    if recipe.data_parallel == "fsdp":
        return "sharded weights are its alone"
    if recipe.precision != "float32":
        return "'auto' keeps to it in bfloat16"
    return declined or ""


def _operations(kept: _Choice | None) -> tuple[Operations, str]:
    """Return the compiled kernels, or torch's own operations where those were used or nothing can be compiled."""
    if kept is not None and kept.operations == EAGER.name:
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
