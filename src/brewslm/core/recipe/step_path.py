"""For which trainings there are gradients that were derived by hand, as far as recipe and architecture tell."""

from brewslm.core.recipe.recipe import Recipe

FAST_FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3"})
"""Types of models, as transformers names them."""


def is_fast(recipe: Recipe, model_type: str) -> bool:
    """Whether the worker will take the fast path on a CPU; it looks at the model itself before it does."""
    if recipe.step_path == "fast":
        return True
    is_asked_for = recipe.step_path == "auto" and recipe.precision == "float32" and not recipe.activation_checkpointing
    is_derived = recipe.mode in {"sft", "continued_pretraining"} and recipe.method in {"lora", "full"}
    return is_asked_for and is_derived and not recipe.lora.lora_dropout and model_type in FAST_FAMILIES
