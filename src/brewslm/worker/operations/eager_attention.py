"""Attention in plain torch: the blocked kernel that torch has for CPUs, one example at a time."""

import torch
from torch import Tensor

from brewslm.worker.operations.interface import Attended, Heads, Scope, Span

_FORWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001 - what the public function calls
_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward  # noqa: SLF001 - its derivative


def attend(heads: Heads, scope: Scope, out: Attended) -> None:
    """See `Operations`."""
    groups = heads.key.shape[1]
    for span in scope.spans:
        query, key, value = _split(heads, scope, span)
        mask = _mask(scope, span)
        values, log_sums = _FORWARD(query, key, value, is_causal=mask is None, attn_mask=mask, scale=scope.scaling)
        place = scope.queries_of(span)
        _grouped(out.values[place].view(-1, heads.query.shape[1], heads.query.shape[2]), groups).copy_(values)
        out.log_sums[:, place] = log_sums.reshape(len(out.log_sums), -1)


def attend_backward(gradient: Tensor, heads: Heads, scope: Scope, attended: Attended, out: Heads) -> None:
    """See `Operations`."""
    groups, shape = heads.key.shape[1], heads.query.shape
    for span in scope.spans:
        query, key, value = _split(heads, scope, span)
        mask, place = _mask(scope, span), scope.queries_of(span)
        of_query, of_key, of_value = _BACKWARD(
            _grouped(gradient[place].view(-1, *shape[1:]), groups),
            query,
            key,
            value,
            _grouped(attended.values[place].view(-1, *shape[1:]), groups),
            attended.log_sums[:, place].reshape(groups, -1, query.shape[2]),
            0.0,
            mask is None,
            attn_mask=mask,
            scale=scope.scaling,
        )
        _grouped(out.query[place], groups).copy_(of_query)
        rows = slice(span.first, span.end)
        out.key[rows] = of_key.sum(1).transpose(0, 1)
        out.value[rows] = of_value.sum(1).transpose(0, 1)


def _split(heads: Heads, scope: Scope, span: Span) -> tuple[Tensor, Tensor, Tensor]:
    """Return what an example asks and is asked, each [num_groups, heads in a group, num_rows, head_size]."""
    num_groups = heads.key.shape[1]
    query = _grouped(heads.query[scope.queries_of(span)], num_groups)
    key, value = (part[span.first : span.end].transpose(0, 1)[:, None] for part in (heads.key, heads.value))
    shape = (-1, query.shape[1], -1, -1)
    return query, key.expand(shape), value.expand(shape)


def _grouped(states: Tensor, num_groups: int) -> Tensor:
    """View [num_rows, num_heads, head_size] as [num_groups, heads in a group, num_rows, head_size]."""
    num_rows, num_heads, size = states.shape
    return states.view(num_rows, num_groups, num_heads // num_groups, size).permute(1, 2, 0, 3)


def _mask(scope: Scope, span: Span) -> Tensor | None:
    """Return what each query may see, [num_queries, num_rows]; None where that is plain causality."""
    num_rows = span.end - span.first
    is_narrow = scope.window is not None and scope.window < num_rows
    if scope.query_rows is None and not is_narrow:
        return None
    rows = torch.arange(num_rows)
    asking = rows if scope.query_rows is None else scope.query_rows[scope.queries_of(span)] - span.first
    distance = asking[:, None] - rows
    is_seen = distance >= 0
    if scope.window is not None:
        is_seen &= distance < scope.window
    return torch.zeros(is_seen.shape).masked_fill_(~is_seen, float("-inf"))
