"""The operations as steps that autograd can go back through, each in one pass over memory, in float32."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from brewslm.worker.operations.interface import Attended, Gated, Heads, Normed, Operations, Scope, Span


def norm(operations: Operations, values: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Return values / rms(values) * weight, over the last dimension."""
    flat = values.reshape(-1, values.shape[-1]).contiguous()
    normed: Tensor = _Norm.apply(operations, flat, weight, epsilon)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return normed.view(values.shape)


def swiglu(operations: Operations, gate: Tensor, up: Tensor) -> Tensor:
    """Return silu(gate) * up; numbers of a row must be side by side."""
    size = gate.shape[-1]
    gated: Tensor = _Swiglu.apply(operations, gate.reshape(-1, size), up.reshape(-1, size))  # type: ignore[no-untyped-call]  # as above
    return gated.view(gate.shape)


def attend(
    operations: Operations, heads: Heads, lengths: Sequence[int], *, scaling: float, window: int | None
) -> Tensor:
    """Return what each row finds in the rows before it, of its own example: [num_rows, num_heads, head_size].

    Args:
        operations: what computes it.
        heads: of all rows.
        lengths: of the examples, which follow each other.
        scaling: of the scores.
        window: how many rows back, itself included, a row sees; None sees all of them.
    """
    ends = torch.tensor(lengths).cumsum(0).tolist()
    spans = [Span(end - length, end, end - length, end) for end, length in zip(ends, lengths, strict=True)]
    scope = Scope(spans, None, scaling, window)
    parts = [_with_whole_rows(part) for part in (heads.query, heads.key, heads.value)]
    attended: Tensor = _Attend.apply(operations, scope, *parts)  # type: ignore[no-untyped-call]  # as above
    return attended.view(heads.query.shape)


def _with_whole_rows(heads: Tensor) -> Tensor:
    """Return heads that are side by side within each row."""
    size = heads.shape[2]
    return heads if heads.stride(2) == 1 and heads.stride(1) == size else heads.contiguous()


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, operations: Operations, values: Tensor, weight: Tensor, epsilon: float) -> Tensor:  # noqa: ANN401 - as torch calls it
        normed = Normed(stream=values, values=torch.empty_like(values), scale=values.new_empty(len(values)))
        operations.add_norm(values, None, weight, epsilon, normed)
        ctx.save_for_backward(values, weight, normed.scale)
        ctx.operations = operations
        return normed.values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor | None, None]:  # noqa: ANN401 - as torch calls it
        values, weight, scale = ctx.saved_tensors
        total = torch.zeros_like(values)
        of_weight = torch.zeros_like(weight) if ctx.needs_input_grad[2] else None
        normed = Normed(stream=values, values=values, scale=scale)
        ctx.operations.norm_backward(gradient.contiguous(), normed, weight, total, of_weight)
        return None, total, of_weight, None


class _Swiglu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, operations: Operations, gate: Tensor, up: Tensor) -> Tensor:  # noqa: ANN401 - as torch calls it
        out = gate.new_empty(gate.shape)
        operations.swiglu(gate, up, out)
        ctx.save_for_backward(gate, up)
        ctx.operations = operations
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor]:  # noqa: ANN401 - as torch calls it
        gate, up = ctx.saved_tensors
        out = Gated(gate.new_empty(gate.shape), gate.new_empty(gate.shape), None)
        ctx.operations.swiglu_backward(gate, up, gradient.contiguous(), out)
        return None, out.of_gate, out.of_up


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - as torch calls it
        ctx: Any,  # noqa: ANN401 - as above
        operations: Operations,
        scope: Scope,
        query: Tensor,
        key: Tensor,
        value: Tensor,
    ) -> Tensor:
        num_rows, num_heads, size = query.shape
        attended = Attended(query.new_empty(num_rows, num_heads * size), query.new_empty(num_heads, num_rows))
        operations.attend(Heads(query, key, value), scope, attended)
        ctx.save_for_backward(query, key, value, attended.values, attended.log_sums)
        ctx.operations, ctx.scope = operations, scope
        return attended.values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, Tensor, Tensor, Tensor]:  # noqa: ANN401 - as torch calls it
        query, key, value, values, log_sums = ctx.saved_tensors
        out = Heads(*(part.new_empty(part.shape) for part in (query, key, value)))
        attended = Attended(values, log_sums)
        ctx.operations.attend_backward(gradient.contiguous(), Heads(query, key, value), ctx.scope, attended, out)
        return None, None, out.query, out.key, out.value
