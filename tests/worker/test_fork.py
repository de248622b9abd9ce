"""Forks: a training that begins with the weights of an earlier one's checkpoint, and with nothing else of it."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from brewslm.core.checkpoints.choosing import checkpoint_at
from brewslm.core.checkpoints.fork import AtStep
from brewslm.core.checkpoints.manifest import DamagedError
from brewslm.core.ids import ExperimentId
from brewslm.core.recipe.lora import LoraSettings
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder, TunedForm
from brewslm.core.wire.parent import Parent
from brewslm.core.wire.rundir import LOG_FILE, ExitCode
from brewslm.worker.failure import BadOrderError, classify
from brewslm.worker.models import load_tuned
from brewslm.worker.run import Run
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import open_shard
from brewslm.worker.train.checkpoints.restoring import begin_from
from brewslm.worker.train.loop import train
from brewslm.worker.train.trainee import new_trainee
from tests.worker.judged import write_pairs
from tests.worker.ranks import train_with
from tests.worker.test_training import DyingJournal, Killed, finish
from tests.worker.tiny import VOCAB_SIZE, Scene, curve, facts, records

METHODS: dict[str, dict[str, Any]] = {
    "lora": {},
    "dora": {"method": "dora"},
    "full": {"method": "full", "optim": {"learning_rate": 0.002}},
}
every_method = pytest.mark.parametrize("method", METHODS)


def parent_of(scene: Scene, name: str, step: AtStep = "best", **recipe: Any) -> Parent:
    """Describe a checkpoint of a run as the stage does."""
    checkpoint = checkpoint_at(scene.root / name, step)
    made_by: Recipe = scene.order(**recipe).recipe
    return Parent(
        experiment_id=ExperimentId(1),
        step=checkpoint.step,
        folder=str(checkpoint.folder),
        seal=checkpoint.manifest.seal,
        base_model=made_by.base_model,
        method=made_by.method,
        lora=made_by.lora,
    )


def forked(scene: Scene, parent: Parent, **recipe: Any) -> TrainOrder:
    return scene.order(**recipe).model_copy(update={"parent": parent})


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    (file,) = folder.glob("*/*model.safetensors")
    return load_file(file)


@every_method
def test_begins_with_the_very_weights_and_the_loss_that_they_have(scene: Scene, method: str) -> None:
    recipe = METHODS[method]
    _, result = finish(scene, "parent", **recipe)
    parent = parent_of(scene, "parent", "last", **recipe)
    order = forked(scene, parent, seed=7, **recipe)
    trainee = new_trainee(order)
    begin_from(parent, trainee, recipe=order.recipe)
    theirs = weights_in(Path(parent.folder))
    assert theirs.keys() == trainee.stored.tensors().keys()
    assert all(torch.equal(theirs[name], mine) for name, mine in trainee.stored.tensors().items())
    assert trainee.moments() == {}

    # Steps over all rows, so that the loss of the first is that of the parent on the train split.
    order = forked(scene, parent, data={"batch_size": 40, "total_steps": 2}, monitor={"log_every": 1}, **recipe)
    folder = run_of(scene, "fork", order)
    record = records(folder, "log")[0]
    form: TunedForm = "model" if method == "full" else "adapter"
    tuned = load_tuned(order.base_model, Path(parent.folder) / form, form)
    split = open_shard(scene.train, vocab_size=VOCAB_SIZE)
    num_labels = sum(int(split.example(row)[1][1:].sum()) for row in range(len(split)))
    assert record["batch_loss"] == pytest.approx(float(example_losses(tuned, split).sum()) / num_labels, abs=1e-5)
    # The base is what it was for the parent, on the eval split and on the batch.
    (mine,), (of_parent,) = records(folder, "baseline"), records(scene.root / "parent", "baseline")
    assert (mine["eval_loss"], result.base_eval_loss) == (of_parent["eval_loss"], of_parent["eval_loss"])
    assert record["delta"] < -0.01


@pytest.mark.parametrize("method", ["lora", "full"])
def test_killed_and_resumed_it_ends_as_an_undisturbed_fork_and_needs_its_parent_no_more(
    scene: Scene, method: str
) -> None:
    recipe = {**METHODS[method], "data": {"total_steps": 6}, "monitor": {"log_every": 1}}
    finish(scene, "parent", **METHODS[method])
    parent = parent_of(scene, "parent", **METHODS[method])
    order = forked(scene, parent, **recipe)
    undisturbed = train(order, scene.run("whole"))
    for step in (1, 5):  # before the first checkpoint of its own, and after it
        run = scene.run(f"broken-{step}")
        journal = DyingJournal(run.folder / LOG_FILE, attempt=1, dies_at_step=step)
        with pytest.raises(Killed):
            train(order, Run(run.folder, 1, journal))
        if step == 5:
            shutil.rmtree(parent.folder)
        resumed = train(order, scene.run(run.folder.name, attempt=2))
        assert resumed is not None
        assert undisturbed is not None
        assert facts(resumed) == facts(undisturbed)
        assert curve(run.folder) == curve(scene.root / "whole")
        mine, theirs = (
            weights_in(run.folder / resumed.checkpoint),
            weights_in(scene.root / "whole" / undisturbed.checkpoint),
        )
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_it_is_another_training_than_one_from_the_base(scene: Scene) -> None:
    finish(scene, "parent")
    order = forked(scene, parent_of(scene, "parent"))
    folder = run_of(scene, "fork", order)
    assert records(folder, "started")[0]["resumed_from_step"] is None
    assert "begins with the weights of exp-001 at step 12." in str(records(folder, "notice"))
    rates = {record["step"]: record["learning_rate"] for record in records(folder, "log")}
    assert rates == {record["step"]: record["learning_rate"] for record in records(scene.root / "parent", "log")}
    # Its checkpoints are of the fork alone: without its parent the same recipe refuses them.
    with pytest.raises(BadOrderError, match="another recipe"):
        train(scene.order(), scene.run("fork", attempt=2))


def test_other_data_and_another_recipe_are_what_a_fork_is_for(scene: Scene) -> None:
    finish(scene, "parent")
    pairs = Scene(
        base=scene.base,
        train=write_pairs(scene.root / "pairs", 24, seed=1),
        eval=write_pairs(scene.root / "pairs-eval", 8, seed=2),
        root=scene.root,
    )
    changes: dict[str, Any] = {"manifest_id": "manifest-2", "precision": "bfloat16", "lora": {"lora_dropout": 0.1}}
    order = forked(pairs, parent_of(scene, "parent"), mode="dpo", **changes)
    folder = run_of(pairs, "fork", order)
    assert "at step 12. The reference of dpo stays the base." in str(records(folder, "notice"))
    # The base loses log 2 by definition, the parent's weights do not.
    assert records(folder, "baseline")[0]["eval_loss"] == pytest.approx(math.log(2))
    assert records(folder, "log")[0]["batch_loss"] != pytest.approx(math.log(2), abs=1e-3)


def test_each_thing_that_does_not_fit_is_refused_in_one_line(scene: Scene) -> None:
    finish(scene, "parent")
    parent = parent_of(scene, "parent")
    changes: dict[str, dict[str, Any]] = {
        "exp-001 was trained on the base model 'other', and this plan is for 'tiny'": {"base_model": "other"},
        "exp-001 was trained with method='full', and this plan has 'lora': plan with `--set method=full`": {
            "method": "full"
        },
        "has lora.lora_rank=8, and this plan has 2": {"lora": LoraSettings(lora_rank=8, lora_alpha=4)},
        "has lora.lora_alpha=8, and this plan has 4": {"lora": LoraSettings(lora_rank=2, lora_alpha=8)},
    }
    for line, changed in changes.items():
        order = forked(scene, parent.model_copy(update=changed))
        with pytest.raises(BadOrderError) as caught:
            train(order, scene.run("fork"))
        assert line in str(caught.value)
        assert not list((scene.root / "fork").glob("checkpoints/*"))


def test_a_parent_that_is_not_what_was_saved_is_named_and_never_trained_on(scene: Scene) -> None:
    finish(scene, "parent")
    parent = parent_of(scene, "parent")
    other = parent.model_copy(update={"seal": "0" * 64})
    with pytest.raises(DamagedError, match=r"MANIFEST\.json is not the one that the order names"):
        train(forked(scene, other), scene.run("fork"))
    file = Path(parent.folder) / "adapter" / "adapter_model.safetensors"
    content = bytearray(file.read_bytes())
    content[-3] ^= 4
    file.write_bytes(bytes(content))
    with pytest.raises(DamagedError, match=r"adapter/adapter_model.safetensors was changed between byte") as caught:
        train(forked(scene, parent), scene.run("fork"))
    assert classify(caught.value)[0] == ExitCode.BAD_DATA


def test_two_processes_with_sharded_weights_make_the_fork_of_one(scene: Scene) -> None:
    finish(scene, "parent", **METHODS["full"])
    parent = parent_of(scene, "parent", **METHODS["full"])
    recipe = {**METHODS["full"], "data": {"total_steps": 4}, "data_parallel": "fsdp"}
    alone = run_of(scene, "alone", forked(scene, parent, **recipe))
    two = train_with(scene, "two", forked(scene, parent, **recipe), num=2)
    assert records(alone, "log")[0]["delta"] < -0.01
    for one, other in zip(curve(alone), curve(two), strict=True):
        assert one == pytest.approx(other, abs=2e-5)
    (mine,), (theirs,) = records(alone, "baseline"), records(two, "baseline")
    assert mine["eval_loss"] == pytest.approx(theirs["eval_loss"], abs=2e-5)


def run_of(scene: Scene, name: str, order: TrainOrder) -> Path:
    run = scene.run(name)
    assert train(order, run) is not None
    return run.folder
