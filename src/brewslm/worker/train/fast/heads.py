"""From the normalised stream to queries, keys and values, and back."""

import torch
from torch import Tensor

from brewslm.worker.operations.interface import Heads, Normed, Operations
from brewslm.worker.train.fast.anatomy import BlockParts, Norm
from brewslm.worker.train.fast.gradients import Gradients
from brewslm.worker.train.fast.passage import Passage
from brewslm.worker.train.fast.products import Product, product_of
from brewslm.worker.train.fast.workspace import Workspace


class HeadProjections:
    """The projections to queries, keys and values, made by one product.

    In the last block only the rows of labels ask: there the queries have a product of their own.
    """

    def __init__(
        self, parts: BlockParts, operations: Operations, *, name: str, dtype: torch.dtype, is_last: bool
    ) -> None:
        """Take the projections of a block.

        Args:
            parts: the block.
            operations: what is between the products.
            name: of the block; buffers are kept under it.
            dtype: of the products.
            is_last: whether it is the last block.
        """
        self._parts, self._operations, self._name, self._dtype = parts, operations, name, dtype
        joined = (parts.key, parts.value) if is_last else (parts.query, parts.key, parts.value)
        self._product = product_of(joined, name=f"{name}.heads", dtype=dtype)
        self._query_product = product_of([parts.query], name=f"{name}.query", dtype=dtype) if is_last else None
        self._widths = [len(part.weight) for part in joined]
        self.products: list[Product] = [self._product, *([self._query_product] if self._query_product else [])]

    @property
    def is_trained(self) -> bool:
        """Whether anything in it is."""
        return any(product.is_trained for product in self.products)

    def forward(self, inputs: Tensor, passage: Passage) -> Heads:
        """Return the heads of these inputs, [num_rows, hidden_size], kept until the backward pass."""
        rows, work = passage.rows, passage.work
        flat = self._product.forward(inputs, work, name=f"{self._name}.heads", is_base=passage.is_base)
        if self._query_product is None:
            query, key, value = (self._split(part) for part in flat.split(self._widths, dim=1))
        else:
            key, value = (self._split(part) for part in flat.split(self._widths, dim=1))
            asking = work.take(f"{self._name}.asking", rows.num_labels, inputs.shape[1], dtype=self._dtype)
            torch.index_select(inputs, 0, rows.labels, out=asking)
            flat = self._query_product.forward(asking, work, name=f"{self._name}.query", is_base=passage.is_base)
            query = self._split(flat)
        parts = self._parts
        if parts.query_norm and parts.key_norm:
            query = self._normed(query, parts.query_norm, work, name="query").values.view(query.shape)
            key = self._normed(key, parts.key_norm, work, name="key").values.view(key.shape)
        if parts.has_rotary:
            self._rotate(Heads(query, key, value), passage, is_backward=False)
        return Heads(query, key, value)

    def gradient_buffers(self, passage: Passage) -> Heads:
        """Return where the gradients of the heads go."""
        rows, work = passage.rows, passage.work
        flat = work.take("of_heads", rows.num_rows, sum(self._widths), dtype=self._dtype)
        if self._query_product is None:
            return Heads(*(self._split(part) for part in flat.split(self._widths, dim=1)))
        width = len(self._parts.query.weight)
        of_query = work.take("of_query", rows.num_labels, width, dtype=self._dtype)
        return Heads(self._split(of_query), *(self._split(part) for part in flat.split(self._widths, dim=1)))

    def backward(self, gradient: Heads, inputs: Tensor, passage: Passage, *, wants_inputs: bool) -> Tensor | None:
        """Add the gradients of what is trained; return that of the inputs if it is wanted.

        `gradient` is what `gradient_buffers` gave out, and is used up.
        """
        parts, rows, work, book = self._parts, passage.rows, passage.work, passage.book
        if parts.has_rotary:
            self._rotate(gradient, passage, is_backward=True)
        if parts.query_norm and parts.key_norm:
            self._norm_backward(gradient.query, parts.query_norm, book, work, name="query")
            self._norm_backward(gradient.key, parts.key_norm, book, work, name="key")
        flat = work.take("of_heads", rows.num_rows, sum(self._widths), dtype=self._dtype)
        result = self._product.input_gradient(flat, work, name="of_inputs") if wants_inputs else None
        if self._product.is_trained:
            self._product.add_gradients(flat, inputs, book, work)
        if self._query_product is not None:
            of_query = gradient.query.flatten(1)
            asking = work.take(f"{self._name}.asking", rows.num_labels, inputs.shape[1], dtype=self._dtype)
            if result is not None:
                of_asking = self._query_product.input_gradient(of_query, work, name="of_asking")
                result.index_add_(0, rows.labels, of_asking)
            if self._query_product.is_trained:
                self._query_product.add_gradients(of_query, asking, book, work)
        return result

    def _rotate(self, heads: Heads, passage: Passage, *, is_backward: bool) -> None:
        of_query = passage.angles if self._query_product is None else passage.label_angles
        self._operations.rotate(heads.query, of_query, is_backward)
        self._operations.rotate(heads.key, passage.angles, is_backward)

    def _split(self, flat: Tensor) -> Tensor:
        size = self._parts.head_size
        return flat.view(len(flat), flat.shape[1] // size, size)

    def _buffers(self, shape: torch.Size, work: Workspace, *, name: str) -> Normed:
        num_rows, size, name = shape[0] * shape[1], shape[2], f"{self._name}.{name}_norm"
        return Normed(
            stream=work.take(f"{name}.stream", num_rows, size),
            values=work.take(f"{name}.values", num_rows, size, dtype=self._dtype),
            scale=work.take(f"{name}.scale", num_rows),
        )

    def _normed(self, heads: Tensor, norm: Norm, work: Workspace, *, name: str) -> Normed:
        """Normalise each head; the buffer of the product is free afterwards."""
        normed = self._buffers(heads.shape, work, name=name)
        normed.stream.view(heads.shape).copy_(heads)
        self._operations.add_norm(normed.stream, None, norm.weight, norm.epsilon, normed)
        return normed

    def _norm_backward(self, gradient: Tensor, norm: Norm, book: Gradients, work: Workspace, *, name: str) -> None:
        """Turn the gradient of normalised heads into that of the heads, in place."""
        normed = self._buffers(gradient.shape, work, name=name)
        flat = work.take("of_normed", *normed.values.shape, dtype=self._dtype)
        flat.view(gradient.shape).copy_(gradient)
        total = work.take("of_stream", *normed.stream.shape).zero_()
        of_weight = book.sum_of(norm.weight) if norm.weight.requires_grad else None
        self._operations.norm_backward(flat, normed, norm.weight, total, of_weight)
        gradient.copy_(total.view(gradient.shape))
