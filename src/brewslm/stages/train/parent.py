"""The checkpoint that a fork begins from: chosen, checked, and kept where it outlives the one that it was."""

import os
import shutil
from pathlib import Path

from brewslm.core.artifacts.adapter import Adapter, ForkOrigin
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.checkpoints.choosing import checkpoint_at
from brewslm.core.checkpoints.fork import Fork
from brewslm.core.checkpoints.manifest import Checkpoint
from brewslm.core.checkpoints.verification import verify
from brewslm.core.context import StageContext
from brewslm.core.errors import NotFoundError
from brewslm.core.experiment import Experiment, experiment_folder
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import ORDER, TrainOrder
from brewslm.core.wire.parent import Parent
from brewslm.core.wire.rundir import ADAPTER_FOLDER, MANIFEST_FILE, MODEL_FOLDER, ORDER_FILE, PARENT_FOLDER


def check_parent(fork: Fork, recipe: Recipe, context: StageContext) -> str | None:
    """Say in one line why `recipe` cannot begin from there, None if it can.

    Raises:
        NotFoundError: there is no such experiment or checkpoint.
        DamagedError: a file of it that is needed is not what was saved.
    """
    checkpoint, parent = _chosen(fork, context)
    mismatch = parent.mismatch(recipe)
    if mismatch is None:
        verify(checkpoint.folder, with_hashes=True, part=_part(parent))
    return mismatch


def pinned_parent(fork: Fork, experiment: Experiment, context: StageContext) -> Parent:
    """Keep the weights of the checkpoint in the run directory of `experiment`, once, and return them.

    Raises:
        NotFoundError: the checkpoint is gone.
    """
    run = context.workers.folder(experiment.folder_name)
    if has_order(run):
        order = ORDER.validate_json((run / ORDER_FILE).read_bytes())
        if isinstance(order, TrainOrder) and order.parent is not None:
            return order.parent
    checkpoint, parent = _chosen(fork, context)
    kept = run / PARENT_FOLDER / checkpoint.folder.name
    shutil.rmtree(kept.parent, ignore_errors=True)
    names = [MANIFEST_FILE, *(name for name in checkpoint.manifest.files if name.startswith(f"{_part(parent)}/"))]
    try:
        for name in names:
            _link(checkpoint.folder / name, kept / name)
    except FileNotFoundError as error:
        where = f"{checkpoint.folder.name} of {experiment_folder(parent.experiment_id)}"
        raise NotFoundError(f"the checkpoint {where} was pruned before it could be taken; start again") from error
    for folder in {(kept / name).parent for name in names} | {kept.parent, run}:
        _sync(folder)
    return parent.model_copy(update={"folder": str(kept)})


def has_order(run: Path) -> bool:
    """Whether an earlier life of this job has ordered the training; what it begins with is kept then."""
    return (run / ORDER_FILE).is_file()


def origin_of(parent: Parent, context: StageContext) -> ForkOrigin:
    """Say where a fork came from, as its adapter remembers it."""
    experiment = context.find_experiment(parent.experiment_id)
    made = [
        adapter.id
        for adapter in context.shelf.all(Adapter)
        if (adapter.experiment_id, adapter.step) == (parent.experiment_id, parent.step)
    ]
    return ForkOrigin(
        experiment_id=parent.experiment_id,
        step=parent.step,
        seal=parent.seal,
        readiness_id=experiment.plan_id,
        adapter_id=made[0] if made else None,
    )


def _chosen(fork: Fork, context: StageContext) -> tuple[Checkpoint, Parent]:
    experiment = context.find_experiment(fork.experiment_id)
    checkpoint = checkpoint_at(context.workers.folder(experiment.folder_name), fork.step)
    recipe = context.shelf.read(Readiness, experiment.plan_id).plan.recipe
    return checkpoint, Parent(
        experiment_id=experiment.id,
        step=checkpoint.step,
        folder=str(checkpoint.folder),
        seal=checkpoint.manifest.seal,
        base_model=recipe.base_model,
        method=recipe.method,
        lora=recipe.lora,
    )


def _part(parent: Parent) -> str:
    return MODEL_FOLDER if parent.method == "full" else ADAPTER_FOLDER


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, which costs nothing and outlives the first; a copy where there are no such names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
