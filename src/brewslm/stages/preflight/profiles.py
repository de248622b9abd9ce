"""The profiles: how much work a plan may be, and how careful it is."""

from dataclasses import dataclass

from brewslm.stages.preflight.contract import Profile


@dataclass(frozen=True, slots=True)
class ProfileValues:
    """What a profile decides; everything else follows from data, model and machine."""

    num_epochs: float
    max_tokens: float
    """Through training at most: much data is not gone through as often."""
    lora_rank: int
    rate_share: float
    """Of the usual learning rate."""
    patience: int | None
    """Evaluations without a new best after which the run ends; None makes all steps."""
    memory_share: float
    """Of the free memory, what the activations of a micro-batch may take."""


PROFILES: dict[Profile, ProfileValues] = {
    "safe": ProfileValues(num_epochs=2.0, max_tokens=2e6, lora_rank=8, rate_share=0.5, patience=None, memory_share=0.2),
    "balanced": ProfileValues(
        num_epochs=4.0, max_tokens=6e6, lora_rank=16, rate_share=1.0, patience=None, memory_share=0.4
    ),
    "max_quality": ProfileValues(
        num_epochs=8.0, max_tokens=3e7, lora_rank=32, rate_share=1.0, patience=4, memory_share=0.4
    ),
}
