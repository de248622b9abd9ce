"""Where the gradients of trained weights add up: memory that outlives `zero_grad`."""

import torch
from torch import Tensor, nn


class Gradients:
    """Keeps one buffer per weight, which becomes its `.grad` when the first gradient of a step arrives."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._buffers: dict[int, Tensor] = {}

    def add_product(self, weight: nn.Parameter, left: Tensor, right: Tensor, *, factor: float = 1.0) -> None:
        """Add `factor` * left @ right to the gradient of `weight`; the sum is kept in the type of the weight."""
        gradient, is_fresh = self._gradient_of(weight)
        if left.dtype == gradient.dtype:
            torch.addmm(gradient, left, right, beta=0.0 if is_fresh else 1.0, alpha=factor, out=gradient)
        else:
            self._add(gradient, torch.mm(left, right), is_fresh=is_fresh, factor=factor)

    def add(self, weight: nn.Parameter, value: Tensor) -> None:
        """Add `value` to the gradient of `weight`."""
        gradient, is_fresh = self._gradient_of(weight)
        self._add(gradient, value, is_fresh=is_fresh)

    def sum_of(self, weight: nn.Parameter) -> Tensor:
        """Return the gradient of `weight` so that a kernel can add to it."""
        gradient, is_fresh = self._gradient_of(weight)
        return gradient.zero_() if is_fresh else gradient

    @staticmethod
    def _add(gradient: Tensor, value: Tensor, *, is_fresh: bool, factor: float = 1.0) -> None:
        if is_fresh:
            gradient.copy_(value).mul_(factor)
        else:
            gradient.add_(value, alpha=factor)

    def _gradient_of(self, weight: nn.Parameter) -> tuple[Tensor, bool]:
        if weight.grad is not None:
            return weight.grad, False
        buffer = self._buffers.get(id(weight))
        if buffer is None:
            buffer = self._buffers[id(weight)] = torch.empty_like(weight)
        weight.grad = buffer
        return buffer, True
