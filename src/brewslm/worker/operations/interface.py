"""The operations between matrix products, kept by plain torch and by the compiled kernels alike.

Activations are float32 or bfloat16 and may be columns of a wider buffer; statistics and the residual stream are
float32. Results are written into the tensors that are handed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Span:
    """The tokens of one example, and those of them that are asked for a label."""

    first: int
    end: int
    first_label: int
    end_label: int


@dataclass(frozen=True, slots=True)
class Angles:
    """Rotary angles of some rows, [num_rows, head_size / 2] each, float32."""

    cosines: Tensor
    sines: Tensor

    def of(self, rows: Tensor) -> "Angles":
        """Select rows."""
        return Angles(self.cosines[rows], self.sines[rows])


@dataclass(frozen=True, slots=True)
class Normed:
    """What a root-mean-square norm (arXiv:1910.07467) takes, makes, and keeps for its gradient."""

    stream: Tensor
    """[num_rows, size], what is normalised: the residual stream, float32, or heads."""
    values: Tensor
    """[num_rows, size], stream * scale * weight."""
    scale: Tensor
    """[num_rows], float32, 1 / rms(stream)."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Queries, keys and values, or their gradients."""

    query: Tensor
    """[num_queries, num_heads, head_size]."""
    key: Tensor
    """[num_rows, num_key_value_heads, head_size]."""
    value: Tensor
    """As `key`."""


@dataclass(frozen=True, slots=True)
class Attended:
    """What attention makes, and keeps for its gradient."""

    values: Tensor
    """[num_queries, num_heads * head_size]."""
    log_sums: Tensor
    """[num_heads, num_queries], float32: the logarithm of the sum of the exponentials of the scaled scores."""


@dataclass(frozen=True, slots=True)
class Gated:
    """What goes back from silu(gate) * up, [num_rows, size] each; each may be what it is made from."""

    of_gate: Tensor
    of_up: Tensor
    values: Tensor | None
    """silu(gate) * up once more, where it is wanted; may be the gradient that came."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What attends to what: a query to its own row and those before it, within its example and the window."""

    spans: Sequence[Span]
    query_rows: Tensor | None
    """[num_queries], the rows that ask, which are the labels'; None where all rows ask."""
    scaling: float
    window: int | None

    def queries_of(self, span: Span) -> slice:
        """Return where the queries of an example are."""
        if self.query_rows is None:
            return slice(span.first, span.end)
        return slice(span.first_label, span.end_label)


@dataclass(frozen=True, slots=True)
class Operations:
    """One way to do all of them."""

    name: str
    add_norm: Callable[[Tensor, Tensor | None, Tensor, float, Normed], None]
    """Write residual + delta to the stream, and normalise it with (weight, epsilon)."""
    norm_backward: Callable[[Tensor, Normed, Tensor, Tensor, Tensor | None], None]
    """(gradient, normed, weight, total, of_weight): add the gradient of the stream to `total`, [num_rows, size] in
    float32, and that of the weight to `of_weight`, [size], if it is wanted."""
    rotate: Callable[[Tensor, Angles, bool], None]
    """(heads, angles, is_backward): turn the halves of each head, [num_rows, num_heads, head_size], in place (Su et al.
    2021, arXiv:2104.09864); gradients are turned back."""
    attend: Callable[[Heads, Scope, Attended], None]
    """Causal attention, with fewer heads of keys and values than of queries (arXiv:2305.13245)."""
    attend_backward: Callable[[Tensor, Heads, Scope, Attended, Heads], None]
    """(gradient, heads, scope, attended, of_heads): write the gradients of the heads."""
    swiglu: Callable[[Tensor, Tensor, Tensor], None]
    """(gate, up, out): silu(gate) * up (Shazeer 2020, arXiv:2002.05202)."""
    swiglu_backward: Callable[[Tensor, Tensor, Tensor, Gated], None]
    """(gate, up, gradient, out): write the gradients of both, and what `swiglu` returned if it is wanted."""
    cross_entropy: Callable[[Tensor, Tensor, float, Tensor], None]
    """(logits, targets, scale, losses): write the loss of each label, and turn the logits, [vocab_size, num_labels],
    into `scale` times their gradient."""
