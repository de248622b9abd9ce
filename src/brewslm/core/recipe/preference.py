"""Learning from judgements: which of two answers is better (DPO, ORPO), or whether an answer is good (KTO)."""

from typing import Literal

from pydantic import Field

from brewslm.core.value import Described

PreferenceMode = Literal["dpo", "orpo", "kto"]


class PreferenceSettings(Described):
    """Values of the modes `dpo`, `orpo` and `kto`; one that the recipe's mode does not read is refused."""

    beta: float = Field(0.1, gt=0.0, le=100.0)
    """`dpo` and `kto`: how dear it is to leave the base; the reward is beta times the log-ratio to the base."""
    loss: Literal["sigmoid", "ipo"] = "sigmoid"
    """`dpo`: the logistic loss, or the square of Azar et al. 2023 (arXiv:2310.12036), which does not grow too sure."""
    label_smoothing: float = Field(0.0, ge=0.0, lt=0.5)
    """`dpo` with `sigmoid`: the share of pairs that are believed to be labelled the wrong way round."""
    orpo_lambda: float = Field(0.1, gt=0.0, le=100.0)
    """`orpo`: weight of the odds ratio beside the likelihood of the chosen answer."""
    desirable_weight: float = Field(1.0, gt=0.0, le=100.0)
    """`kto`: weight of a good answer."""
    undesirable_weight: float = Field(1.0, gt=0.0, le=100.0)
    """`kto`: weight of a bad answer."""


_READ_BY: dict[str, frozenset[str]] = {
    "beta": frozenset({"dpo", "kto"}),
    "loss": frozenset({"dpo"}),
    "label_smoothing": frozenset({"dpo"}),
    "orpo_lambda": frozenset({"orpo"}),
    "desirable_weight": frozenset({"kto"}),
    "undesirable_weight": frozenset({"kto"}),
}


def idle_settings(settings: PreferenceSettings, mode: str) -> list[str]:
    """Return a line for each setting that was changed and that this mode does not read."""
    plain = PreferenceSettings()
    problems = [
        f"preference.{name}={getattr(settings, name)} has no effect with mode={mode}; it belongs to "
        f"{' and '.join(sorted(modes))}"
        for name, modes in _READ_BY.items()
        if mode not in modes and getattr(settings, name) != getattr(plain, name)
    ]
    if mode == "dpo" and settings.loss == "ipo" and settings.label_smoothing:
        problems.append(
            f"preference.label_smoothing={settings.label_smoothing} has no effect with preference.loss=ipo; it belongs "
            "to sigmoid"
        )
    return problems
