"""What is trained, in float32: an adapter on a frozen base or the whole model; and its optimiser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers.modeling_layers import GradientCheckpointingLayer

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from brewslm.worker.failure import BadOrderError
from brewslm.worker.lora import fuse_adapters
from brewslm.worker.models import AnyModel, compute_in, load_in_4_bits, load_model, without_adapter
from brewslm.worker.train.checkpoints.trained import AdapterWeights, Trainee
from brewslm.worker.train.model_weights import ModelWeights

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def new_trainee(order: TrainOrder) -> Trainee:
    """Load the base, make of it what the recipe's method trains, and make its optimiser.

    Raises:
        BadOrderError: the base cannot be loaded, or a target module does not exist.
    """
    recipe = order.recipe
    if recipe.has_adapter:
        tuned = _adapted(_frozen_base(order), recipe)
        stored: AdapterWeights | ModelWeights = AdapterWeights(tuned)
        model: AnyModel = tuned
    else:
        model = load_model(order.base_model, precision="float32").requires_grad_(requires_grad=True)
        compute_in(model, recipe.precision)
        stored = ModelWeights(model)
    if recipe.activation_checkpointing:
        _keep_only_inputs_of_blocks(without_adapter(model))
    set_training(model, is_training=True)
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


def _frozen_base(order: TrainOrder) -> "PreTrainedModel":
    load = load_in_4_bits if order.recipe.method == "qlora" else load_model
    return load(order.base_model, precision=order.recipe.precision)


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
    base = load_model(base_model, precision="float32")
    pairs = [(mine, mine.data, theirs.data) for mine, theirs in zip(model.parameters(), base.parameters(), strict=True)]
    try:
        for weight, _, of_base in pairs:
            weight.data = of_base
        yield
    finally:
        for weight, tuned, _ in pairs:
            weight.data = tuned
