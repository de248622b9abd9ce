"""For which trainings there are gradients that were derived by hand, as far as recipe and architecture tell."""

from brewslm.core.recipe.recipe import Recipe

FAST_FAMILIES = frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3"})
"""Types of models, as transformers names them."""


def is_fast(recipe: Recipe, model_type: str) -> bool:
    """Whether the worker usually takes the fast path on a CPU; it looks at the model before, and may try both."""
    if recipe.step_path == "fast":
        return True
    is_usual = recipe.step_path == "auto" and recipe.precision == "float32"
    is_whole = not recipe.activation_checkpointing and recipe.data_parallel == "ddp"
    is_derived = recipe.mode in {"sft", "continued_pretraining"} and recipe.method in {"lora", "full"}
    return is_usual and is_whole and is_derived and not recipe.lora.lora_dropout and model_type in FAST_FAMILIES
