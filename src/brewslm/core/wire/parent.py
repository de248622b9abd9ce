"""The checkpoint that a forked training begins from."""

from typing import Literal

from brewslm.core.ids import ExperimentId
from brewslm.core.recipe.lora import LoraSettings
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value

_SHAPE = ("lora_rank", "lora_alpha", "target_modules")
"""What makes an adapter of given weights the same function; dropout may differ."""


class Parent(Value):
    """A copy of a checkpoint's weights, which the fork owns, and what they are weights of."""

    experiment_id: ExperimentId
    step: int
    folder: str
    """Absolute; in it are the manifest of the checkpoint, and `adapter/` or `model/`."""
    seal: str
    """Of that manifest."""
    base_model: str
    method: Literal["lora", "dora", "qlora", "full"]
    lora: LoraSettings

    def mismatch(self, recipe: Recipe) -> str | None:
        """Say in one line why a training by `recipe` cannot begin with these weights, and what to set; None if it can.

        Mode, data, precision, optimiser, schedule and length may all differ.
        """
        who = f"exp-{self.experiment_id:03d}"
        if self.base_model != recipe.base_model:
            return (
                f"{who} was trained on the base model {self.base_model!r}, and this plan is for {recipe.base_model!r}: "
                f"plan for {self.base_model!r}, or fork an experiment on {recipe.base_model!r}."
            )
        if self.method != recipe.method:
            return (
                f"{who} was trained with method={self.method!r}, and this plan has {recipe.method!r}: "
                f"plan with `--set method={self.method}`."
            )
        if not recipe.has_adapter:
            return None
        pairs = [(name, getattr(self.lora, name), getattr(recipe.lora, name)) for name in _SHAPE]
        different = [(name, mine, theirs) for name, mine, theirs in pairs if mine != theirs]
        if not different:
            return None
        mine = ", ".join(f"lora.{name}={value!r}" for name, value, _ in different)
        theirs = ", ".join(f"{value!r}" for _, _, value in different)
        options = " ".join(f"--set lora.{name}={value}" for name, value, _ in different)
        return f"The adapter of {who} has {mine}, and this plan has {theirs}: plan with `{options}`."
