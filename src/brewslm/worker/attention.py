"""Attention within each example of a packed row: linear layers see no padding, and nothing leaks between examples.

Examples of like length are laid side by side as the rows of padded blocks just for the attention itself, where
causality keeps every real token from seeing the padding, which comes after it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import dropout, scaled_dot_product_attention
from transformers.modeling_utils import AttentionInterface

from brewslm.worker.failure import BadOrderError
from brewslm.worker.operations.differentiable import attend
from brewslm.worker.operations.interface import Heads

PACKED_ATTENTION = "brewslm_packed"


BLOCK_OVERHEAD = 4000
"""Query-key pairs whose cost is that of one more block (measured on two cores with 4 heads of 64)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each token of a packed row lies in padded blocks, each of examples that are alike in length."""

    lengths: tuple[int, ...]
    """Tokens of each example of the row."""
    blocks: tuple[tuple[int, int], ...]
    """Examples and places per example of each block."""
    to_blocks: Tensor
    """[num_places], the token of each place; places of padding name some token whose value is not used."""
    to_row: Tensor
    """[num_tokens], the place of each token."""


def layout_of(lengths: Sequence[int], *, device: torch.device) -> Layout:
    """Lay out examples of these lengths, which follow each other in the row."""
    sizes = np.asarray(lengths)
    starts = np.cumsum(sizes) - sizes
    by_length = np.argsort(-sizes, kind="stable")
    blocks, to_blocks, to_row, num_places = [], [], np.empty(int(sizes.sum()), dtype=np.int64), 0
    for group in _alike(sizes, by_length):
        longest = int(sizes[group[0]])
        places = np.arange(longest)
        is_token = places < sizes[group, None]
        tokens = starts[group, None] + np.minimum(places, sizes[group, None] - 1)
        to_row[tokens[is_token]] = num_places + np.flatnonzero(is_token)
        to_blocks.append(tokens.reshape(-1))
        blocks.append((len(group), longest))
        num_places += tokens.size
    flat = torch.from_numpy(np.concatenate(to_blocks))
    return Layout(tuple(map(int, lengths)), tuple(blocks), flat.to(device), torch.from_numpy(to_row).to(device))


def _alike(sizes: NDArray[np.int64], by_length: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut the examples, longest first, into groups in which padding costs no more than another group would."""
    groups, first, waste = [], 0, 0
    for place, index in enumerate(by_length):
        waste += int(sizes[by_length[first]]) ** 2 - int(sizes[index]) ** 2
        if waste > BLOCK_OVERHEAD:
            groups.append(by_length[first:place])
            first, waste = place, 0
    return [*groups, by_length[first:]]


class _Regroup(torch.autograd.Function):
    """Index-selects dimension 0; its backward index-selects too, which is exact where no gradient is lost or shared."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, there: Tensor, back: Tensor, is_sparse: bool) -> Tensor:  # noqa: ANN401, FBT001 - as torch calls it
        ctx.save_for_backward(there, back)
        ctx.is_sparse = is_sparse
        return values.index_select(0, there)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401 - as torch calls it
        there, back = ctx.saved_tensors
        if ctx.is_sparse:
            result = gradient.new_zeros(len(back), *gradient.shape[1:]).index_copy_(0, there, gradient)
        else:
            result = gradient.index_select(0, back)
        return result, None, None, None


def packed_attention(
    module: torch.nn.Module,  # noqa: ARG001 - the library's interface
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001 - the layout says it all
    **options: Any,  # noqa: ANN401 - whatever the architecture passes on
) -> tuple[Tensor, None]:
    """Attend within each example; on CPUs in float32, whose kernels are the faster ones (measured, torch 2.13).

    Args:
        module: the attention layer.
        query: [1, num_heads, num_tokens, head_size].
        key: [1, num_key_value_heads, num_tokens, head_size].
        value: as `key`.
        attention_mask: not used.
        options: `packed_layout` says where the examples lie, `packed_operations` what may compute; `scaling`,
            `dropout`, `sliding_window` and `softcap` are the architecture's own.

    Returns:
        [1, num_tokens, num_heads, head_size], and nothing.
    """
    layout, dtype = options["packed_layout"], query.dtype
    unknown = [name for name in ("s_aux", "position_bias") if options.get(name) is not None]
    if unknown:
        raise BadOrderError(f"The base model's attention uses {unknown[0]!r}, which cannot be packed; choose another.")
    if query.device.type == "cpu":
        query, key, value = query.float(), key.float(), value.float()
    if _is_plain(query, value, options):
        heads = Heads(*(states[0].transpose(0, 1) for states in (query, key, value)))
        scaling, window = options.get("scaling"), options.get("sliding_window")
        scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
        row = attend(options["packed_operations"], heads, layout.lengths, scaling=scaling, window=window)
        return row.unsqueeze(0), None
    parts = [_to_blocks(states, layout) for states in (query, key, value)]
    block_attention: Callable[..., Tensor] = _fused if options.get("softcap") is None else _softcapped
    with torch.autocast(query.device.type, enabled=False):
        outputs = [block_attention(*block, options).transpose(1, 2).flatten(0, 1) for block in zip(*parts, strict=True)]
    flat = torch.cat(outputs) if len(outputs) > 1 else outputs[0]
    row = _Regroup.apply(flat, layout.to_row, layout.to_blocks, True)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return row.to(dtype).unsqueeze(0), None


def _is_plain(query: Tensor, value: Tensor, options: Mapping[str, Any]) -> bool:
    """Whether the model's own operations, if it has any, know this kind of attention."""
    is_bare = not options.get("dropout") and options.get("softcap") is None
    return options.get("packed_operations") is not None and is_bare and query.shape[-1] == value.shape[-1]


def _fused(query: Tensor, key: Tensor, value: Tensor, options: Mapping[str, Any]) -> Tensor:
    mask = _window(query, options.get("sliding_window"))
    return scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=mask,
        dropout_p=options.get("dropout", 0.0),
        is_causal=mask is None,
        scale=options.get("scaling"),
        enable_gqa=query.shape[1] != key.shape[1],
    )


def _softcapped(query: Tensor, key: Tensor, value: Tensor, options: Mapping[str, Any]) -> Tensor:
    """Attend with scores c * tanh(scores / c), which no fused kernel of torch offers (Gemma 2, arXiv:2408.00118)."""
    num_examples, num_heads, num_places, size = query.shape
    scaling = options.get("scaling")
    grouped = query.view(num_examples, key.shape[1], -1, num_places, size)
    scores = grouped @ key.unsqueeze(2).transpose(-1, -2) * (size**-0.5 if scaling is None else scaling)
    scores = torch.tanh(scores / options["softcap"]) * options["softcap"]
    mask = _causal(num_places, options.get("sliding_window"), device=query.device)
    weights = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1, dtype=torch.float32).to(query.dtype)
    weights = dropout(weights, options.get("dropout", 0.0))
    return (weights @ value.unsqueeze(2)).view(num_examples, num_heads, num_places, -1)


def _to_blocks(states: Tensor, layout: Layout) -> list[Tensor]:
    """Turn [1, heads, tokens, size] into one [examples, heads, places, size] per block."""
    flat: Tensor = _Regroup.apply(states[0].transpose(0, 1), layout.to_blocks, layout.to_row, False)  # type: ignore[no-untyped-call]  # as above
    pieces = flat.split([num_examples * places for num_examples, places in layout.blocks])
    return [
        piece.view(num_examples, places, *piece.shape[1:]).transpose(1, 2)
        for piece, (num_examples, places) in zip(pieces, layout.blocks, strict=True)
    ]


def _window(query: Tensor, window: int | None) -> Tensor | None:
    """Narrow causality to the last `window` places, [places, places]; None where that changes nothing."""
    num_places = query.shape[2]
    return None if window is None or window >= num_places else _causal(num_places, window, device=query.device)


def _causal(num_places: int, window: int | None, *, device: torch.device) -> Tensor:
    """Say which places (columns) each place (rows) may see, [places, places]."""
    places = torch.arange(num_places, device=device)
    distance = places[:, None] - places[None, :]
    return (distance >= 0) & (distance < (num_places if window is None else window))


AttentionInterface.register(PACKED_ATTENTION, packed_attention)
