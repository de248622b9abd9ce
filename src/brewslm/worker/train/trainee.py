"""What is trained, in float32: an adapter on a frozen base or the whole model; and its optimiser."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers.modeling_layers import GradientCheckpointingLayer

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from brewslm.worker.failure import BadOrderError
from brewslm.worker.lora import fuse_adapters
from brewslm.worker.models import AnyModel, compute_in, device_here, load_in_4_bits, load_model, without_adapter
from brewslm.worker.processes import ALONE, Processes
from brewslm.worker.sharding.weights import is_sharded, like, shard
from brewslm.worker.train.checkpoints.trained import AdapterWeights, Trainee
from brewslm.worker.train.model_weights import ModelWeights

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def new_trainee(order: TrainOrder, processes: Processes = ALONE) -> Trainee:
    """Load the base, make of it what the recipe's method trains, shard it if asked for, and make its optimiser.

    Raises:
        BadOrderError: the base cannot be loaded, or a target module does not exist.
    """
    recipe = order.recipe
    to_be_sharded = recipe.data_parallel == "fsdp" and processes.num > 1
    # A device that holds a part need not have room for the whole: that goes from the CPU to its shards block by block.
    device = torch.device("cpu") if to_be_sharded else device_here()
    if recipe.has_adapter:
        tuned = _adapted(_frozen_base(order, device), recipe)
        stored: AdapterWeights | ModelWeights = AdapterWeights(tuned)
        model: AnyModel = tuned
    else:
        model = load_model(order.base_model, precision="float32", device=device).requires_grad_(requires_grad=True)
        compute_in(model, recipe.precision)
        stored = ModelWeights(model)
    if recipe.activation_checkpointing:
        _keep_only_inputs_of_blocks(without_adapter(model))
    set_training(model, is_training=True)
    if to_be_sharded:
        shard(model, processes)
    settings = recipe.optim
    optimizer = torch.optim.AdamW(
        [weight for weight in model.parameters() if weight.requires_grad],
        lr=settings.learning_rate,
        betas=(settings.adam_beta1, settings.adam_beta2),
        eps=settings.adam_epsilon,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    return Trainee(model, optimizer, stored)


def _frozen_base(order: TrainOrder, device: torch.device) -> "PreTrainedModel":
    if order.recipe.method == "qlora":
        return load_in_4_bits(order.base_model, precision=order.recipe.precision)
    return load_model(order.base_model, precision=order.recipe.precision, device=device)


def _adapted(model: "PreTrainedModel", recipe: Recipe) -> PeftModel:
    targets = recipe.lora.target_modules
    torch.manual_seed(recipe.seed)
    try:
        tuned = get_peft_model(
            model,
            LoraConfig(
                task_type="CAUSAL_LM",
                r=recipe.lora.lora_rank,
                lora_alpha=recipe.lora.lora_alpha,
                lora_dropout=recipe.lora.lora_dropout,
                target_modules=targets if isinstance(targets, str) else list(targets),
                use_dora=recipe.method == "dora",
            ),
        )
    except ValueError as error:
        raise BadOrderError(f"The adapter does not fit the base model {recipe.base_model!r}: {error}") from error
    config: Any = tuned.peft_config["default"]
    config.base_model_name_or_path = recipe.base_model
    config.target_modules = sorted(config.target_modules)
    fuse_adapters(tuned)
    return tuned


def set_training(model: torch.nn.Module, *, is_training: bool) -> None:
    """Switch the adapter's dropout on or off; everything else is never in training mode."""
    for name, module in model.named_modules():
        if "lora_dropout" in name:
            module.train(is_training)


def _keep_only_inputs_of_blocks(model: "PreTrainedModel") -> None:
    """Have each block computed again in the backward pass.

    The library does so for blocks in training mode, which is set here of the blocks alone: what is in them stays as is.
    """
    if not model.supports_gradient_checkpointing:
        raise BadOrderError(f"{type(model).__name__} knows no activation_checkpointing; leave it off.")
    model.activation_checkpointing_enable({"use_reentrant": False})
    for module in model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.training = True


@contextmanager
def untuned(model: AnyModel, base_model: str) -> Iterator[None]:
    """Make of the model the untuned base for a while: its adapter is off, or all its weights are those of the base."""
    if isinstance(model, PeftModel):
        with model.disable_adapter():
            yield
        return
    if is_sharded(model):
        with _exchanged_shards(model, load_model(base_model, precision="float32", device=torch.device("cpu"))):
            yield
        return
    base = load_model(base_model, precision="float32")
    pairs = [(mine, mine.data, theirs.data) for mine, theirs in zip(model.parameters(), base.parameters(), strict=True)]
    try:
        for weight, _, of_base in pairs:
            weight.data = of_base
        yield
    finally:
        for weight, tuned, _ in pairs:
            weight.data = tuned


@contextmanager
def _exchanged_shards(model: AnyModel, base: AnyModel) -> Iterator[None]:
    """Give the shards the values of another model for a while; their memory stays where the library knows it."""
    weights = list(model.parameters())
    tuned = [weight.detach().clone() for weight in weights]
    of_base = [like(mine, theirs.detach()) for mine, theirs in zip(weights, base.parameters(), strict=True)]
    try:
        _copy_into(weights, of_base)
        yield
    finally:
        _copy_into(weights, tuned)


@torch.no_grad()
def _copy_into(weights: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    for weight, value in zip(weights, values, strict=True):
        weight.copy_(value)
