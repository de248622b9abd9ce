"""Weights in shards: less in each process, and the same training."""

import gc
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.numpy import load_file
from torch.distributed.tensor import DTensor
from transformers import AutoModelForCausalLM

from brewslm.core.wire.order import TrainOrder
from brewslm.worker.__main__ import leave_result
from brewslm.worker.models import load_tuned, unpacked
from brewslm.worker.packing import pack
from brewslm.worker.processes import join
from brewslm.worker.scoring import summed_loss
from brewslm.worker.shard import open_shard
from brewslm.worker.train.loop import train
from brewslm.worker.train.trainee import new_trainee
from tests.worker.judged import write_pairs
from tests.worker.ranks import finish_ranks, result_of, start_ranks, stopped_at, train_with, weights_file
from tests.worker.tiny import VOCAB_SIZE, Scene, curve, records, write_split

TOLERANCE = 2e-5
"""Nats; sums are made in another order."""
SHARDED: dict[str, Any] = {"data_parallel": "fsdp"}
LORA: dict[str, Any] = {"optim": {"max_grad_norm": 0.5}}
FULL: dict[str, Any] = {"method": "full", "optim": {"learning_rate": 3e-3}, "activation_checkpointing": True}
# One example at a time, so that of each step's three the one process has two and the other a single one.
UNEVEN: dict[str, Any] = {
    "data": {"batch_size": 1, "gradient_accumulation_steps": 3, "total_steps": 8},
    "monitor": {"checkpoint_every": 4},
}


def test_preferences_are_learnt_in_shards_as_in_one_process(scene: Scene) -> None:
    write_pairs(scene.train, 24, seed=1)
    write_pairs(scene.eval, 6, seed=2)
    order = scene.order(mode="dpo", **UNEVEN, **SHARDED)
    alone, sharded = train_alone(scene, "alone", order), train_with(scene, "sharded", order, num=2)
    assert curve(alone)[0][2] != pytest.approx(np.log(2), abs=1e-3)
    for one, other in zip(curve(alone), curve(sharded), strict=True):
        assert one == pytest.approx(other, abs=TOLERANCE)


@dataclass(frozen=True)
class Lives:
    """The same training lived in several ways; each its run directory."""

    recipe: dict[str, Any]
    base: Path
    alone: Path
    sharded: Path
    """In two processes."""
    killed: Path
    """In two processes, killed after step 6, without its baseline, and gone on with two."""
    moved: Path
    """Killed likewise, and gone on alone."""


@pytest.fixture(scope="module", params=[LORA, FULL], ids=["lora", "full"])
def lives(request: pytest.FixtureRequest, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Lives:
    root = tmp_path_factory.mktemp("lives")
    train_split = write_split(root / "train", 40, seed=1)
    scene = Scene(base=base, train=train_split, eval=write_split(root / "eval", 12, seed=2), root=root)
    order = scene.order(**UNEVEN, **request.param, **SHARDED)
    alone, sharded = train_alone(scene, "alone", order), train_with(scene, "sharded", order, num=2)
    killed = stopped_at(scene, "killed", order, step=6)
    shutil.copytree(killed, root / "moved")
    for kept in killed.glob("baseline*.json"):
        kept.unlink()
    train_with(scene, "killed", order, num=2, attempt=2)
    return Lives(request.param, base, alone, sharded, killed, train_alone(scene, "moved", order, attempt=2))


def test_two_processes_with_half_of_each_weight_make_the_training_of_one(lives: Lives) -> None:
    pairs = zip(curve(lives.alone), curve(lives.sharded), strict=True)
    for (step, loss, eval_loss), (other_step, other_loss, other_eval) in pairs:
        assert step == other_step
        assert (loss, eval_loss) == pytest.approx((other_loss, other_eval), abs=TOLERANCE)
    for record, other in zip(records(lives.alone, "log"), records(lives.sharded, "log"), strict=True):
        assert record["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-4)
    first, other = records(lives.alone, "log")[0], records(lives.sharded, "log")[0]
    assert first["baseline_loss"] == pytest.approx(other["baseline_loss"], abs=TOLERANCE)
    assert result_of(lives.alone).num_tokens_seen == result_of(lives.sharded).num_tokens_seen
    assert_close(load_file(weights_file(lives.sharded)), load_file(weights_file(lives.alone)))


def test_killed_in_shards_it_ends_as_an_undisturbed_run_to_the_bit(lives: Lives) -> None:
    assert records(lives.killed, "started")[-1]["resumed_from_step"] == 4
    assert weights_file(lives.killed).read_bytes() == weights_file(lives.sharded).read_bytes()
    assert curve(lives.killed) == curve(lives.sharded)


def test_the_base_is_scored_in_shards_when_its_losses_were_lost(lives: Lives) -> None:
    first, again = records(lives.killed, "baseline")
    assert again["eval_loss"] == pytest.approx(first["eval_loss"], abs=1e-6)
    assert result_of(lives.killed).eval_loss < again["eval_loss"] - 0.01


def test_what_was_begun_in_shards_goes_on_alone(lives: Lives) -> None:
    assert records(lives.moved, "started")[-1]["resumed_from_step"] == 4
    assert_close(load_file(weights_file(lives.moved)), load_file(weights_file(lives.alone)))


def test_what_was_trained_in_shards_is_loaded_by_strangers(lives: Lives) -> None:
    folder = weights_file(lives.sharded).parent
    base = AutoModelForCausalLM.from_pretrained(folder if lives.recipe is FULL else lives.base)
    model = base if lives.recipe is FULL else PeftModel.from_pretrained(base, folder).merge_and_unload()
    ours = load_tuned(str(lives.base), folder, "model" if lives.recipe is FULL else "adapter")
    tokens = torch.arange(4, 24).unsqueeze(0)
    with torch.no_grad(), unpacked(ours):
        torch.testing.assert_close(model(tokens).logits, ours(tokens).logits, atol=1e-4, rtol=1e-4)


def test_each_process_holds_half_of_the_bytes_also_after_a_step(scene: Scene) -> None:
    orders = [scene.order(**recipe, **SHARDED) for recipe in (LORA, FULL)]
    assert finish_ranks(start_ranks(weigh, orders, scene.root, num=2)) == [0, 0]
    shares = [json.loads((scene.root / f"held-{rank}.json").read_text()) for rank in range(2)]
    for order, *shares_of_order in zip(orders, *shares, strict=True):
        weights = list(new_trainee(order).model.parameters())
        whole = sum(weight.nbytes for weight in weights)
        kept = sum(weight.nbytes for weight in weights if weight.requires_grad)  # of each a gradient and two moments
        for loaded, stepped in shares_of_order:
            assert loaded / whole == pytest.approx(0.5, abs=0.04)
            assert stepped / (whole + 3 * kept) == pytest.approx(0.5, abs=0.04)


def train_alone(scene: Scene, name: str, order: TrainOrder, *, attempt: int = 1) -> Path:
    run = scene.run(name, attempt=attempt)
    result = train(order, run)
    assert result is not None
    leave_result(result, run)
    return run.folder


def assert_close(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert ours.keys() == theirs.keys()
    for name, weight in ours.items():
        np.testing.assert_allclose(weight, theirs[name], atol=2e-4)


def weigh(orders: list[TrainOrder], folder: Path) -> int:
    """Write down how many bytes of tensors live in this process for each order, loaded and after a training step."""
    processes = join()
    held = []
    for order in orders:
        before = live_bytes()
        trainee = new_trainee(order, processes)
        loaded = live_bytes() - before
        batch = pack(open_shard(Path(order.train_folder), vocab_size=VOCAB_SIZE), range(3), device=torch.device("cpu"))
        before += live_bytes() - before - loaded
        summed_loss(trainee.model, batch).backward()
        trainee.optimizer.step()
        held.append((loaded, live_bytes() - before))
        del trainee, batch
    (folder / f"held-{processes.rank}.json").write_text(json.dumps(held))
    return 0


def live_bytes() -> int:
    gc.collect()
    tensors = [found for found in gc.get_objects() if type(found) in {torch.Tensor, torch.nn.Parameter}]
    storages = [tensor.untyped_storage() for tensor in tensors if not isinstance(tensor, DTensor)]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
