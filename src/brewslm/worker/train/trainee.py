"""What is trained: an adapter in float32 on a frozen base, and its optimiser."""

from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from brewslm.core.wire.order import TrainOrder
from brewslm.worker.failure import BadOrderError
from brewslm.worker.lora import fuse_adapters
from brewslm.worker.models import load_model
from brewslm.worker.train.checkpoints.trained import AdapterWeights, Trainee


def new_trainee(order: TrainOrder) -> Trainee:
    """Load the base, put a fresh adapter on it, and make its optimiser.

    Raises:
        BadOrderError: the base cannot be loaded, or a target module does not exist.
    """
    recipe = order.recipe
    model = load_model(order.base_model, precision=recipe.precision)
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
            ),
        )
    except ValueError as error:
        raise BadOrderError(f"The adapter does not fit the base model {recipe.base_model!r}: {error}") from error
    config: Any = tuned.peft_config["default"]
    config.base_model_name_or_path = recipe.base_model
    config.target_modules = sorted(config.target_modules)
    fuse_adapters(tuned)
    set_training(tuned, is_training=True)
    settings = recipe.optim
    optimizer = torch.optim.AdamW(
        [weight for weight in tuned.parameters() if weight.requires_grad],
        lr=settings.learning_rate,
        betas=(settings.adam_beta1, settings.adam_beta2),
        eps=settings.adam_epsilon,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    return Trainee(tuned, optimizer, AdapterWeights(tuned))


def set_training(model: torch.nn.Module, *, is_training: bool) -> None:
    """Switch the adapter's dropout on or off; the frozen base is never in training mode."""
    for name, module in model.named_modules():
        if "lora_dropout" in name:
            module.train(is_training)
