"""The operations in plain torch: what the kernels are measured against, and what runs where they cannot be built."""

import torch
from torch import Tensor

from brewslm.worker.operations.eager_attention import attend, attend_backward
from brewslm.worker.operations.interface import Angles, Gated, Normed, Operations


def add_norm(residual: Tensor, delta: Tensor | None, weight: Tensor, epsilon: float, out: Normed) -> None:
    """See `Operations`."""
    stream = residual.float() if delta is None else torch.add(residual, delta)
    if out.stream is not residual:
        out.stream.copy_(stream)
    torch.rsqrt(stream.square().mean(-1) + epsilon, out=out.scale)
    out.values.copy_(stream * out.scale[:, None] * weight)


def norm_backward(gradient: Tensor, normed: Normed, weight: Tensor, total: Tensor, of_weight: Tensor | None) -> None:
    """See `Operations`."""
    straight = normed.stream * normed.scale[:, None]
    if of_weight is not None:
        of_weight += (gradient * straight).sum(0)
    weighted = gradient.float() * weight
    along = (weighted * straight).mean(-1, keepdim=True)
    total += (weighted - straight * along) * normed.scale[:, None]


def rotate(heads: Tensor, angles: Angles, is_backward: bool) -> None:  # noqa: FBT001 - as in the interface
    """See `Operations`."""
    first, second = heads.float().chunk(2, dim=-1)
    cosines, sines = angles.cosines[:, None], angles.sines[:, None] * (-1 if is_backward else 1)
    heads.copy_(torch.cat([first * cosines - second * sines, second * cosines + first * sines], dim=-1))


def swiglu(gate: Tensor, up: Tensor, out: Tensor) -> None:
    """See `Operations`."""
    gate = gate.float()
    out.copy_(gate * torch.sigmoid(gate) * up)


def swiglu_backward(gate: Tensor, up: Tensor, gradient: Tensor, out: Gated) -> None:
    """See `Operations`."""
    gate, up, outer = gate.float(), up.float(), gradient.float()
    slope = torch.sigmoid(gate)
    silu = gate * slope
    of_gate, of_up, values = outer * up * (slope + silu * (1 - slope)), outer * silu, silu * up
    out.of_gate.copy_(of_gate)
    out.of_up.copy_(of_up)
    if out.values is not None:
        out.values.copy_(values)


def cross_entropy(logits: Tensor, targets: Tensor, scale: float, losses: Tensor) -> None:
    """See `Operations`."""
    wide, places = logits.float(), targets[None]
    log_sums = torch.logsumexp(wide, dim=0, keepdim=True)
    losses.copy_((log_sums - wide.gather(0, places))[0])
    of_logits = torch.exp(wide - log_sums)
    of_logits.scatter_add_(0, places, torch.full_like(log_sums, -1.0))
    logits.copy_(of_logits.mul_(scale))


EAGER = Operations(
    name="eager",
    add_norm=add_norm,
    norm_backward=norm_backward,
    rotate=rotate,
    attend=attend,
    attend_backward=attend_backward,
    swiglu=swiglu,
    swiglu_backward=swiglu_backward,
    cross_entropy=cross_entropy,
)
