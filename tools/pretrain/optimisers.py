"""The optimisers: Muon for the matrices inside the layers, AdamW for embeddings and norms; or AdamW for all."""

from collections.abc import Mapping
from typing import Literal

from torch import Tensor
from torch.optim import AdamW, Muon, Optimizer

OptimiserName = Literal["muon", "adamw"]


def build_optimisers(
    weights: Mapping[str, Tensor], *, name: OptimiserName, learning_rate: float, weight_decay: float
) -> list[Optimizer]:
    """Build the optimisers for the master weights; each group remembers its peak rate as `peak_lr`.

    Muon (Jordan et al. 2024) scales its update to AdamW's usual size (Liu et al. 2025): one learning rate serves both.
    """
    matrices = [weight for key, weight in weights.items() if weight.dim() == 2 and key.startswith("layers.")]
    norms = [weight for weight in weights.values() if weight.dim() == 1]
    embeddings = [weight for key, weight in weights.items() if weight.dim() == 2 and not key.startswith("layers.")]
    adam_groups = [{"params": embeddings, "weight_decay": 0.0}, {"params": norms, "weight_decay": 0.0}]
    optimisers: list[Optimizer] = []
    if name == "muon":
        optimisers.append(
            Muon(matrices, lr=learning_rate, weight_decay=weight_decay, momentum=0.95, adjust_lr_fn="match_rms_adamw")
        )
    else:
        adam_groups.append({"params": matrices, "weight_decay": weight_decay})
    optimisers.append(AdamW(adam_groups, lr=learning_rate, betas=(0.9, 0.95), eps=1e-10, fused=True))
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak_lr"] = group["lr"]
    return optimisers


def set_rate(optimisers: list[Optimizer], *, factor: float) -> None:
    """Set every group's learning rate to a share of its peak."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["peak_lr"] * factor
