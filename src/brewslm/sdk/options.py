"""The fields of the recipe that `create_trainer` takes by their own names, typed; a test compares them with core."""

from typing import Literal, TypedDict

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value


class RecipeOptions(TypedDict, total=False):
    """What to train and how; what is left out the plan chooses. Everything else goes into `recipe`."""

    mode: Literal["sft", "continued_pretraining", "dpo", "orpo", "kto"]
    method: Literal["lora", "dora", "qlora", "full"]
    precision: Literal["float32", "bfloat16"]
    activation_checkpointing: bool
    seed: int
    recovery: Literal["off", "ask", "auto"]
    batch_size: int
    gradient_accumulation_steps: int
    num_epochs: float
    total_steps: int
    lora_rank: int
    lora_alpha: int
    lora_dropout: float
    learning_rate: float
    weight_decay: float
    max_grad_norm: float
    lr_schedule: Literal["cosine_warmup", "linear", "constant", "wsd"]
    warmup_steps: int
    min_lr_ratio: float
    log_every: int
    eval_every: int
    checkpoint_every: int
    keep_checkpoints: int


def _places() -> dict[str, str]:
    places = {name: name for name in Recipe.model_fields if name in RecipeOptions.__annotations__}
    for group, field in Recipe.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Value):
            own = field.annotation.model_fields
            places |= {name: f"{group}.{name}" for name in own if name in RecipeOptions.__annotations__}
    return places


PLACES: dict[str, str] = _places()
"""Option to its dotted field of the recipe."""
