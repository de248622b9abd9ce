"""One decoder block, forward and backward, derived by hand."""

from dataclasses import dataclass

import torch
from torch import Tensor

from brewslm.worker.operations.interface import Attended, Gated, Heads, Normed, Operations, Scope
from brewslm.worker.train.fast.anatomy import BlockParts, Norm
from brewslm.worker.train.fast.heads import HeadProjections
from brewslm.worker.train.fast.passage import Passage
from brewslm.worker.train.fast.products import product_of
from brewslm.worker.train.fast.rows import Rows
from brewslm.worker.train.fast.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Stream:
    """The residual stream between two blocks: what has added up, and what is still to be added."""

    total: Tensor
    """[num_rows, hidden_size], float32."""
    delta: Tensor | None
    """[num_rows, hidden_size]."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the backward pass needs; values of norms and of the MLP are made anew from what is kept."""

    before_attention: Normed
    heads: Heads
    attended: Attended
    before_mlp: Normed
    gate_and_up: Tensor


class Block:
    """Attention and MLP around the residual stream. In the last block only the rows of labels go on."""

    def __init__(
        self, parts: BlockParts, operations: Operations, *, name: str, dtype: torch.dtype, is_last: bool
    ) -> None:
        """Take the parts of one block.

        Args:
            parts: its weights.
            operations: what is between the products.
            name: buffers that must live until the backward pass are kept under it.
            dtype: of the products.
            is_last: whether it is the last block.
        """
        self._parts, self._operations, self._name, self._dtype, self._is_last = parts, operations, name, dtype, is_last
        self._heads = HeadProjections(parts, operations, name=name, dtype=dtype, is_last=is_last)
        self._output = product_of([parts.output], name=f"{name}.output", dtype=dtype)
        self._gate_and_up = product_of([parts.gate, parts.up], name=f"{name}.gate_and_up", dtype=dtype)
        self._down = product_of([parts.down], name=f"{name}.down", dtype=dtype)
        self._kept: _Kept | None = None
        self.is_trained = parts.is_trained

    def refresh(self) -> None:
        """Follow the weights."""
        for product in (*self._heads.products, self._output, self._gate_and_up, self._down):
            product.refresh()

    def forward(self, stream: Stream, passage: Passage) -> Stream:
        """Return the stream after this block, of the rows of labels only if it is the last."""
        parts, operations, rows, work = self._parts, self._operations, passage.rows, passage.work
        is_base = passage.is_base
        first = self._normed("before_attention", stream.total, work)
        operations.add_norm(
            stream.total, stream.delta, parts.attention_norm.weight, parts.attention_norm.epsilon, first
        )
        heads = self._heads.forward(first.values, passage)
        attended = self._attended(heads, work)
        operations.attend(heads, self._scope(rows), attended)
        delta = self._output.forward(attended.values, work, name="delta", is_base=is_base)
        total = self._labels_of(first.stream, rows)
        second = self._normed("before_mlp", total, work)
        operations.add_norm(total, delta, parts.mlp_norm.weight, parts.mlp_norm.epsilon, second)
        gate_and_up = self._gate_and_up.forward(second.values, work, name=f"{self._name}.gate_and_up", is_base=is_base)
        active = work.take("active", len(total), gate_and_up.shape[1] // 2, dtype=self._dtype)
        gate, up = gate_and_up.chunk(2, dim=1)
        operations.swiglu(gate, up, active)
        self._kept = _Kept(first, heads, attended, second, gate_and_up)
        return Stream(second.stream, self._down.forward(active, work, name="delta", is_base=is_base))

    def backward(self, total: Tensor, passage: Passage, *, is_lowest: bool) -> Tensor:
        """Add the gradients of what is trained, and return the gradient of the stream that came in.

        Args:
            total: [num_rows, hidden_size], the gradient of the stream that went out; used up.
            passage: as in `forward`.
            is_lowest: nothing below is trained, so that what is not needed for this block is not computed.
        """
        if self._kept is None:
            raise RuntimeError("A block cannot go backward before it has gone forward.")
        kept, self._kept = self._kept, None
        rows, work, book = passage.rows, passage.work, passage.book
        total = self._mlp_backward(kept, total, passage)
        gradient = self._typed(total, work)
        of_attended = self._output.input_gradient(gradient, work, name="of_attended")
        if self._output.is_trained:
            self._output.add_gradients(gradient, kept.attended.values, book, work)
        if is_lowest and not self._heads.is_trained:
            return total
        total = self._to_all_rows(total, rows, work)
        of_heads = self._heads.gradient_buffers(passage)
        self._operations.attend_backward(of_attended, kept.heads, self._scope(rows), kept.attended, of_heads)
        norm = self._parts.attention_norm
        of_inputs = self._heads.backward(
            of_heads,
            self._values_of(kept.before_attention, norm),
            passage,
            wants_inputs=not is_lowest or norm.weight.requires_grad,
        )
        if of_inputs is not None:
            of_weight = book.sum_of(norm.weight) if norm.weight.requires_grad else None
            self._operations.norm_backward(of_inputs, kept.before_attention, norm.weight, total, of_weight)
        return total

    def _mlp_backward(self, kept: _Kept, total: Tensor, passage: Passage) -> Tensor:
        norm, work, book = self._parts.mlp_norm, passage.work, passage.book
        gradient = self._typed(total, work)
        of_active = self._down.input_gradient(gradient, work, name="of_active")
        gate, up = kept.gate_and_up.chunk(2, dim=1)
        self._operations.swiglu_backward(gate, up, of_active, Gated(gate, up, of_active))  # each in its place
        active, of_gate_and_up = of_active, kept.gate_and_up
        if self._down.is_trained:
            self._down.add_gradients(gradient, active, book, work)
        of_inputs = self._gate_and_up.input_gradient(of_gate_and_up, work, name="of_inputs")
        if self._gate_and_up.is_trained:
            self._gate_and_up.add_gradients(of_gate_and_up, self._values_of(kept.before_mlp, norm), book, work)
        of_weight = book.sum_of(norm.weight) if norm.weight.requires_grad else None
        self._operations.norm_backward(of_inputs, kept.before_mlp, norm.weight, total, of_weight)
        return total

    def _typed(self, total: Tensor, work: Workspace) -> Tensor:
        """Return the gradient of the stream in the type of the products."""
        if total.dtype == self._dtype:
            return total
        return work.take("typed", *total.shape, dtype=self._dtype).copy_(total)

    def _labels_of(self, total: Tensor, rows: Rows) -> Tensor:
        return total[rows.labels] if self._is_last else total

    def _to_all_rows(self, total: Tensor, rows: Rows, work: Workspace) -> Tensor:
        if not self._is_last:
            return total
        full = work.take("of_all_rows", rows.num_rows, total.shape[1]).zero_()
        return full.index_copy_(0, rows.labels, total)

    def _scope(self, rows: Rows) -> Scope:
        asking = rows.labels if self._is_last else None
        return Scope(rows.spans, asking, self._parts.scaling, self._parts.window)

    def _normed(self, part: str, total: Tensor, work: Workspace) -> Normed:
        name = f"{self._name}.{part}"
        return Normed(
            stream=work.take(f"{name}.stream", *total.shape),
            values=work.take("normed", *total.shape, dtype=self._dtype),  # of all blocks, see `_values_of`
            scale=work.take(f"{name}.scale", len(total)),
        )

    def _values_of(self, normed: Normed, norm: Norm) -> Tensor:
        """Return the values of a norm, made once more: that takes less than a hundredth of a step."""
        self._operations.add_norm(normed.stream, None, norm.weight, norm.epsilon, normed)
        return normed.values

    def _attended(self, heads: Heads, work: Workspace) -> Attended:
        num_queries, num_heads, size = heads.query.shape
        return Attended(
            values=work.take(f"{self._name}.attended", num_queries, num_heads * size, dtype=self._dtype),
            log_sums=work.take(f"{self._name}.log_sums", num_heads, num_queries),
        )
