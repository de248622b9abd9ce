"""Products of the packed row with the weights of layers that have the same input, and their gradients."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from brewslm.worker.train.fast.anatomy import Projection
from brewslm.worker.train.fast.gradients import Gradients
from brewslm.worker.train.fast.joined import JoinedWeights
from brewslm.worker.train.fast.workspace import Workspace

ROW_UNIT = 16
"""Rows of buffers begin at multiples of so many numbers, which is a line of the cache in float32."""


class Product(Protocol):
    """y = x Wᵀ for several layers at once, [num_rows, num_inputs] to [num_rows, num_outputs]."""

    is_trained: bool

    def refresh(self) -> None:
        """Follow the weights."""
        ...

    def forward(self, inputs: Tensor, work: Workspace, *, name: str, is_base: bool) -> Tensor:
        """Return the product, in the buffer `name`; without the adapters where the base alone is asked."""
        ...

    def input_gradient(self, gradient: Tensor, work: Workspace, *, name: str) -> Tensor:
        """Return the gradient of the inputs, in the buffer `name`; also prepares what `add_gradients` needs."""
        ...

    def add_gradients(self, gradient: Tensor, inputs: Tensor, book: Gradients, work: Workspace) -> None:
        """Add the gradients of what is trained; after `input_gradient`, if that is called at all."""
        ...


def product_of(parts: Sequence[Projection], *, name: str, dtype: torch.dtype) -> Product:
    """Choose the form that is fastest and loses nothing.

    Args:
        parts: layers that have the same input.
        name: unique; buffers are kept under it from the forward to the backward pass.
        dtype: of the products. In float32 the low-rank product is merged into the weights for as long as they do not
            change; in bfloat16, whose rounding would swallow it, it stays beside them.
    """
    if all(part.adapter is None for part in parts):
        return PlainProduct(parts, dtype=dtype)
    if dtype == torch.float32:
        return MergedProduct(parts, name=name)
    return BesideProduct(parts, name=name, dtype=dtype)


class PlainProduct:
    """Without adapters: frozen, or trained as a whole."""

    def __init__(self, parts: Sequence[Projection], *, dtype: torch.dtype) -> None:
        """Join the weights of these layers."""
        self._layers = tuple(parts)
        self._joined = JoinedWeights([part.weight for part in parts], dtype=dtype)
        self._bias = _Bias(parts, dtype=dtype)
        self.is_trained = any(part.is_trained for part in parts)

    def refresh(self) -> None:
        """Follow the weights."""
        self._joined.refresh()
        self._bias.refresh()

    def forward(self, inputs: Tensor, work: Workspace, *, name: str, is_base: bool) -> Tensor:  # noqa: ARG002 - the protocol's
        """Return x Wᵀ + b."""
        matrix = self._joined.matrix
        result = work.take(name, len(inputs), len(matrix), dtype=matrix.dtype)
        return _multiply(inputs, matrix.T, self._bias.values, out=result)

    def input_gradient(self, gradient: Tensor, work: Workspace, *, name: str) -> Tensor:
        """Return dy W."""
        matrix = self._joined.matrix
        return torch.mm(gradient, matrix, out=work.take(name, len(gradient), matrix.shape[1], dtype=matrix.dtype))

    def add_gradients(self, gradient: Tensor, inputs: Tensor, book: Gradients, work: Workspace) -> None:  # noqa: ARG002 - the protocol's
        """Add dyᵀ x to each layer that is trained."""
        for layer, part in zip(self._layers, self._joined.parts, strict=True):
            if layer.weight.requires_grad:
                book.add_product(layer.weight, gradient[:, part].T, inputs)
        self._bias.add_gradients(gradient, book)


class _LowRank:
    """The adapters of several layers: their inner rows one below the other, `down` and scaled `up` side by side."""

    def __init__(self, parts: Sequence[Projection], rows: Sequence[slice], *, name: str) -> None:
        self._name = f"{name}.low"
        self.placed = []
        """Each adapter with the outputs and the inner rows that are its own."""
        self.rank = 0
        """Of all adapters together."""
        for part, outputs in zip(parts, rows, strict=True):
            if part.adapter is not None:
                inner = slice(self.rank, self.rank + part.adapter.rank)
                self.placed.append((part.adapter, outputs, inner))
                self.rank = inner.stop

    def keep(self, low: Tensor, work: Workspace) -> Tensor:
        """Keep the inner values x downᵀ, [num_rows, rank], for the backward pass."""
        return work.take(self._name, *low.shape, dtype=low.dtype).copy_(low)

    def add_gradients(
        self, gradient: Tensor, low_gradient: Tensor, inputs: Tensor, book: Gradients, work: Workspace
    ) -> None:
        """Add the gradients of `down`, (dy s up)ᵀ x, and of `up`, s dyᵀ (x downᵀ)."""
        dtype, num_inputs = inputs.dtype, inputs.shape[1]
        of_down = work.take("of_down", self.rank, num_inputs, dtype=dtype)
        torch.mm(low_gradient.T, inputs, out=of_down)
        low = work.take(self._name, len(inputs), self.rank, dtype=dtype)
        for adapter, outputs, inner in self.placed:
            book.add(adapter.down, of_down[inner])
            book.add_product(adapter.up, gradient[:, outputs].T, low[:, inner], factor=adapter.scaling)


class MergedProduct:
    """With adapters, merged: [x Wmᵀ | x downᵀ] is one product, and so is [dy Wm | dy s up], with Wm = W + s up down.

    Both read the same matrix, of which the forward pass uses the left columns and the backward pass the upper rows:

        Wm    s up
        down   -
    """

    is_trained = True

    def __init__(self, parts: Sequence[Projection], *, name: str) -> None:
        """Merge the adapters of these layers into a copy of their weights."""
        self._layers = tuple(parts)
        sizes = [len(part.weight) for part in parts]
        self._rows = [slice(sum(sizes[:place]), sum(sizes[: place + 1])) for place in range(len(sizes))]
        self._low_rank = _LowRank(parts, self._rows, name=name)
        self._outputs, self._inputs = sum(sizes), parts[0].weight.shape[1]
        rank = self._low_rank.rank
        stride = _rounded(self._inputs + rank)
        self._matrix = torch.zeros(self._outputs + rank, stride)[:, : self._inputs + rank]
        self._bias = _Bias(parts, dtype=torch.float32, num_more=rank)
        self._low_gradient: Tensor | None = None
        for layer, rows in zip(parts, self._rows, strict=True):
            self._matrix[rows, : self._inputs] = layer.weight
        self.refresh()

    def refresh(self) -> None:
        """Merge anew."""
        for layer, rows in zip(self._layers, self._rows, strict=True):
            if layer.adapter is not None:
                merged = self._matrix[rows, : self._inputs]
                factors = layer.adapter
                torch.addmm(layer.weight, factors.up, factors.down, alpha=factors.scaling, out=merged)
        for adapter, rows, inner in self._low_rank.placed:
            torch.mul(adapter.up, adapter.scaling, out=self._matrix[rows, self._inputs :][:, inner])
            self._matrix[self._outputs :, : self._inputs][inner] = adapter.down

    def forward(self, inputs: Tensor, work: Workspace, *, name: str, is_base: bool) -> Tensor:
        """Return x Wmᵀ + b and keep x downᵀ; of the base x Wᵀ + b."""
        if is_base:
            result = work.take(name, len(inputs), self._outputs)
            for layer, rows in zip(self._layers, self._rows, strict=True):
                _multiply(inputs, layer.weight.T, layer.bias, out=result[:, rows])
            return result
        width = len(self._matrix)
        both = work.take(name, len(inputs), _rounded(width))[:, :width]
        _multiply(inputs, self._matrix[:, : self._inputs].T, self._bias.values, out=both)
        self._low_rank.keep(both[:, self._outputs :], work)
        return both[:, : self._outputs]

    def input_gradient(self, gradient: Tensor, work: Workspace, *, name: str) -> Tensor:
        """Return dy Wm and keep dy s up."""
        width = self._matrix.shape[1]
        both = work.take(name, len(gradient), _rounded(width))[:, :width]
        torch.mm(gradient, self._matrix[: self._outputs], out=both)
        self._low_gradient = both[:, self._inputs :]
        return both[:, : self._inputs]

    def add_gradients(self, gradient: Tensor, inputs: Tensor, book: Gradients, work: Workspace) -> None:
        """Add the gradients of the factors."""
        low_gradient, self._low_gradient = self._low_gradient, None
        if low_gradient is None:
            up = self._matrix[: self._outputs, self._inputs :]
            low_gradient = torch.mm(gradient, up, out=work.take("low_gradient", len(gradient), up.shape[1]))
        self._low_rank.add_gradients(gradient, low_gradient, inputs, book, work)


class BesideProduct:
    """With adapters beside the weights: x Wᵀ + (x downᵀ) (s up)ᵀ, each in the type of the weights."""

    is_trained = True

    def __init__(self, parts: Sequence[Projection], *, name: str, dtype: torch.dtype) -> None:
        """Join the weights of these layers, and their factors."""
        self._joined = JoinedWeights([part.weight for part in parts], dtype=dtype)
        self._low_rank = _LowRank(parts, self._joined.parts, name=name)
        self._bias = _Bias(parts, dtype=dtype)
        outputs, inputs = self._joined.matrix.shape
        self._down = torch.empty(self._low_rank.rank, inputs, dtype=dtype)
        self._up = torch.zeros(outputs, self._low_rank.rank, dtype=dtype)
        self._low_gradient: Tensor | None = None
        self.refresh()

    def refresh(self) -> None:
        """Follow the weights and the factors."""
        self._joined.refresh()
        for adapter, outputs, inner in self._low_rank.placed:
            self._down[inner] = adapter.down
            self._up[outputs, inner] = (adapter.up * adapter.scaling).to(self._up.dtype)

    def forward(self, inputs: Tensor, work: Workspace, *, name: str, is_base: bool) -> Tensor:
        """Return the product and keep x downᵀ."""
        matrix = self._joined.matrix
        result = work.take(name, len(inputs), len(matrix), dtype=matrix.dtype)
        _multiply(inputs, matrix.T, self._bias.values, out=result)
        if is_base:
            return result
        low = self._low_rank.keep(torch.mm(inputs, self._down.T), work)
        return result.addmm_(low, self._up.T)

    def input_gradient(self, gradient: Tensor, work: Workspace, *, name: str) -> Tensor:
        """Return dy W + (dy s up) down and keep dy s up."""
        matrix = self._joined.matrix
        self._low_gradient = torch.mm(gradient, self._up)
        result = work.take(name, len(gradient), matrix.shape[1], dtype=matrix.dtype)
        return torch.mm(gradient, matrix, out=result).addmm_(self._low_gradient, self._down)

    def add_gradients(self, gradient: Tensor, inputs: Tensor, book: Gradients, work: Workspace) -> None:
        """Add the gradients of the factors."""
        low_gradient, self._low_gradient = self._low_gradient, None
        if low_gradient is None:
            low_gradient = torch.mm(gradient, self._up)
        self._low_rank.add_gradients(gradient, low_gradient, inputs, book, work)


class _Bias:
    """The biases of several layers as one vector, or none."""

    def __init__(self, parts: Sequence[Projection], *, dtype: torch.dtype, num_more: int = 0) -> None:
        """Join; `num_more` zeros follow."""
        self._parts = tuple(parts)
        has_any = any(part.bias is not None for part in parts)
        num_outputs = sum(len(part.weight) for part in parts)
        self.values = torch.zeros(num_outputs + num_more, dtype=dtype) if has_any else None
        self.refresh()

    def refresh(self) -> None:
        """Follow the biases."""
        first = 0
        for part in self._parts:
            end = first + len(part.weight)
            if self.values is not None and part.bias is not None:
                self.values[first:end] = part.bias
            first = end

    def add_gradients(self, gradient: Tensor, book: Gradients) -> None:
        """Add the sums of dy."""
        first = 0
        for part in self._parts:
            end = first + len(part.weight)
            if part.bias is not None and part.bias.requires_grad:
                book.add(part.bias, gradient[:, first:end].sum(0, dtype=torch.float32))
            first = end


def _multiply(left: Tensor, right: Tensor, bias: Tensor | None, *, out: Tensor) -> Tensor:
    return torch.mm(left, right, out=out) if bias is None else torch.addmm(bias, left, right, out=out)


def _rounded(width: int) -> int:
    return -(-width // ROW_UNIT) * ROW_UNIT
