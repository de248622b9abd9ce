"""The weights of several linear layers as one matrix, so that one product does for all of them."""

from collections.abc import Sequence

import torch
from torch import nn


class JoinedWeights:
    """Layers that have the same input, one below the other.

    The layers' own parameters become views of the joined matrix, so that it costs no memory and is never out of date;
    only where products are made in another type than the weights are kept in, it is a copy that has to be renewed.
    """

    def __init__(self, weights: Sequence[nn.Parameter], *, dtype: torch.dtype) -> None:
        """Join weights [num_outputs of each, num_inputs] for products in `dtype`."""
        self._weights = tuple(weights)
        self._is_copy = any(weight.dtype != dtype for weight in weights)
        sizes = [len(weight) for weight in weights]
        ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
        self.parts = tuple(slice(end - size, end) for size, end in zip(sizes, ends, strict=True))
        """The rows of each layer."""
        self.matrix = torch.empty(0, dtype=dtype)
        """[num_outputs, num_inputs]."""
        self.refresh()

    def refresh(self) -> None:
        """Make the matrix that of the weights, however those were changed."""
        if self._is_copy:
            if not self.matrix.numel():
                self.matrix = torch.empty(self.parts[-1].stop, self._weights[0].shape[1], dtype=self.matrix.dtype)
            for weight, part in zip(self._weights, self.parts, strict=True):
                self.matrix[part] = weight
        elif not self._is_joined():
            self._join()

    def _is_joined(self) -> bool:
        return self.matrix.numel() > 0 and all(
            weight.data_ptr() == self.matrix[part].data_ptr()
            for weight, part in zip(self._weights, self.parts, strict=True)
        )

    def _join(self) -> None:
        """Give the parameters one storage, unless they have one already."""
        first = self._weights[0].data
        if not all(
            weight.data_ptr() == first.data_ptr() + part.start * first.shape[1] * first.element_size()
            and weight.untyped_storage().data_ptr() == first.untyped_storage().data_ptr()
            and weight.is_contiguous()
            for weight, part in zip(self._weights, self.parts, strict=True)
        ):
            first = torch.cat([weight.data for weight in self._weights])
            for weight, part in zip(self._weights, self.parts, strict=True):
                weight.data = first[part]
        self.matrix = first.as_strided((self.parts[-1].stop, first.shape[1]), (first.shape[1], 1))
