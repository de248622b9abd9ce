"""The output head: from the last hidden states to losses, with a bounded number of logits at a time."""

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from brewslm.worker.models import AnyModel, operations_of, without_adapter
from brewslm.worker.operations.interface import Operations

LOGITS_AT_ONCE = 1 << 24
"""64 MiB in float32; a training holds about four times that, for the logits, their float32 form and their gradients."""


@dataclass(frozen=True, slots=True)
class Head:
    """What an architecture does after its last block."""

    layer: torch.nn.Module
    """[num_tokens, hidden_size] to [num_tokens, vocab_size]; linear, with or without bias or adapter."""
    vocab_size: int
    scale: float
    """Logits are multiplied by it."""
    softcap: float | None
    """c in c * tanh(logits / c)."""
    operations: Operations | None
    """What computes the losses of float32 logits and their gradients at once, if anything."""

    def token_losses(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of each target, [num_labels], float32 nats.

        The gradient is made from logits that the backward makes again. With `hidden` [num_labels, hidden_size] and
        `targets` [num_labels].
        """
        if not torch.is_grad_enabled():
            return torch.cat([self._scored(*chunk) for chunk in self._chunks(hidden, targets)])
        again = [checkpoint(self._losses, *chunk, use_reentrant=False) for chunk in self._chunks(hidden, targets)]
        return torch.cat(cast("list[Tensor]", again))

    def summed_loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of `token_losses`, whose gradient is made on the way; backward is possible once."""
        if not torch.is_grad_enabled():
            return self.token_losses(hidden, targets).sum()
        weights = [weight for weight in self.layer.parameters() if weight.requires_grad]
        total: Tensor = _SummedLoss.apply(self, targets, hidden, *weights)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return total

    def loss_and_gradients(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the summed loss and its gradients: of the states, and of each weight that is trained."""
        weights = [weight for weight in self.layer.parameters() if weight.requires_grad]
        if self._is_plain and self.operations is not None:
            of_logits, losses = self._fused(self.operations, hidden, targets)
            return losses.sum(), [
                of_logits.T @ self.layer.get_parameter("weight"),
                *(of_logits @ hidden for _ in weights),
            ]
        with torch.enable_grad():
            states = hidden.detach().requires_grad_()
            loss = self._losses(states, targets).sum()
            return loss.detach(), list(torch.autograd.grad(loss, [states, *weights]))

    @property
    def _is_plain(self) -> bool:
        is_one_product = type(self.layer) is torch.nn.Linear and self.layer.bias is None
        return is_one_product and self.scale == 1.0 and self.softcap is None

    def _fused(self, operations: Operations, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of the logits, [vocab_size, num_labels], and the losses of a plain head.

        Laid out by vocabulary, as the fast path does, and for the same reason (train/fast/loss.py).
        """
        logits, losses = torch.mm(self.layer.get_parameter("weight"), hidden.T), hidden.new_empty(len(hidden))
        operations.cross_entropy(logits, targets, 1.0, losses)
        return logits, losses

    def _scored(self, hidden: Tensor, targets: Tensor) -> Tensor:
        if self._is_plain and self.operations is not None:
            return self._fused(self.operations, hidden, targets)[1]
        return self._losses(hidden, targets)

    def _losses(self, hidden: Tensor, targets: Tensor) -> Tensor:
        logits = self.layer(hidden).float()
        if self.scale != 1.0:
            logits = logits * self.scale
        if self.softcap is not None:
            logits = torch.tanh(logits / self.softcap) * self.softcap
        return cross_entropy(logits, targets, reduction="none")

    def _chunks(self, hidden: Tensor, targets: Tensor) -> list[tuple[Tensor, Tensor]]:
        num_rows = max(1, LOGITS_AT_ONCE // self.vocab_size)
        return list(zip(hidden.split(num_rows), targets.split(num_rows), strict=True))


class _SummedLoss(torch.autograd.Function):
    """Makes the gradients of each chunk while its logits are there, so that no logits outlive their chunk."""

    @staticmethod
    def forward(ctx: Any, head: Head, targets: Tensor, hidden: Tensor, *weights: Tensor) -> Tensor:  # noqa: ANN401 - as torch calls it
        of_hidden, of_weights = torch.empty_like(hidden), [torch.zeros_like(weight) for weight in weights]
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        done = 0
        for chunk, chunk_targets in head._chunks(hidden, targets):  # noqa: SLF001 - of this module
            loss, gradients = head.loss_and_gradients(chunk, chunk_targets)
            total += loss
            of_hidden[done : done + len(chunk)] = gradients[0]
            for so_far, gradient in zip(of_weights, gradients[1:], strict=True):
                so_far.add_(gradient)
            done += len(chunk)
        ctx.gradients = [of_hidden, *of_weights]
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 - as torch calls it
        gradients, ctx.gradients = ctx.gradients, None
        return None, None, *(one.mul_(gradient.to(one.dtype)) for one in gradients)


def head_of(model: AnyModel) -> Head:
    """Return the output head of a model, as far as its configuration tells it.

    What a configuration may say about logits differs between architectures; `train.leaks` proves the reading.
    """
    base = without_adapter(model)
    config: Any = base.config.get_text_config()
    scale = getattr(config, "logit_scale", None) or getattr(config, "lm_head_multiplier", None) or 1.0
    return Head(
        layer=cast("torch.nn.Module", base.get_output_embeddings()),
        vocab_size=config.vocab_size,
        scale=float(scale) / float(getattr(config, "logits_scaling", None) or 1.0),
        softcap=getattr(config, "final_logit_softcapping", None),
        operations=operations_of(model),
    )
