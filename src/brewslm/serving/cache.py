"""Keys and values of all answers that are under way: a row for each, in one tensor a layer."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicLayer

from brewslm.serving.failure import RefusedError

GROWTH_TOKENS = 64
"""Rows grow by so many places at a time: a step over a few places too many costs less than growing at every one."""


@dataclass(slots=True)
class Place:
    """Where a step writes and how far it looks."""

    rows: Tensor
    """[num_rows], 0, 1, 2…"""
    lengths: Tensor
    """[num_rows], tokens of each row before this step; the new one is written there."""
    width: int
    """Places that any row may look at."""


class RowsLayer(CacheLayerMixin):
    """One layer's keys and values, [rows, heads, places, size], written at each row's own place."""

    def __init__(self, place: Place) -> None:
        """Bind it to what all layers share."""
        super().__init__()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self._place = place

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing: rows are made when the first prompt was read."""

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401 - the library's interface
        """Write one token of each row, and return all that the rows hold."""
        place, keys, values = self._place, self.keys, self.values
        assert keys is not None and values is not None  # noqa: PT018, S101 - rows were put in before
        keys[place.rows, :, place.lengths] = key_states[:, :, 0]
        values[place.rows, :, place.lengths] = value_states[:, :, 0]
        num_rows = len(place.rows)
        return keys[:num_rows, :, : place.width], values[:num_rows, :, : place.width]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:  # noqa: ARG002 - the library's interface
        """Not asked for, as the mask is given."""
        return self._place.width, 0

    def get_seq_length(self) -> int:
        """Tokens of the longest row before this step."""
        return self._place.width - 1

    def get_max_length(self) -> int:
        """No limit of its own."""
        return -1

    def put(self, row: int, keys: Tensor, values: Tensor, *, num_rows: int, num_places: int) -> None:
        """Fill a row from a prompt's keys and values, [1, heads, tokens, size]."""
        self.keys = _grown(self.keys, keys, num_rows, num_places)
        self.values = _grown(self.values, values, num_rows, num_places)
        self.keys[row, :, : keys.shape[2]] = keys[0]
        self.values[row, :, : values.shape[2]] = values[0]

    def widen(self, num_places: int) -> None:
        """Make room for more places."""
        assert self.keys is not None and self.values is not None  # noqa: PT018, S101 - rows were put in before
        self.keys = _grown(self.keys, self.keys, self.keys.shape[0], num_places)
        self.values = _grown(self.values, self.values, self.values.shape[0], num_places)

    def move(self, source: int, target: int, length: int) -> None:
        """Copy a row to another place in the batch."""
        assert self.keys is not None and self.values is not None  # noqa: PT018, S101 - rows were put in before
        self.keys[target, :, :length] = self.keys[source, :, :length]
        self.values[target, :, :length] = self.values[source, :, :length]


class Rows:
    """The rows of the batch, dense from 0, and the cache that a model's step works on."""

    def __init__(self, num_layers: int, device: torch.device) -> None:
        """Begin without rows."""
        empty = torch.zeros(0, dtype=torch.long, device=device)
        self._place = Place(empty, empty, 1)
        self._layers = [RowsLayer(self._place) for _ in range(num_layers)]
        self._device = device
        self._num_places = 0
        self._num_made = 0
        self.lengths: list[int] = []
        """Tokens of each row."""
        self.cache = Cache(layers=list(self._layers))

    def put(self, prompt: DynamicCache, length: int) -> None:
        """Add a row from what reading a prompt has left."""
        row = len(self.lengths)
        self.lengths.append(length)
        self._num_made = max(self._num_made, row + 1)
        self._num_places = max(self._num_places, _rounded(length + 1))
        for own, read in zip(self._layers, layers_of(prompt), strict=True):
            assert read.keys is not None and read.values is not None  # noqa: PT018, S101 - it was read
            own.put(row, read.keys, read.values, num_rows=self._num_made, num_places=self._num_places)

    def remove(self, row: int) -> None:
        """Let a row go; the last one takes its place."""
        last = len(self.lengths) - 1
        if row != last:
            for layer in self._layers:
                layer.move(last, row, self.lengths[last])
            self.lengths[row] = self.lengths[last]
        self.lengths.pop()
        if not self.lengths:
            self._release()

    def step(self) -> Place:
        """Make room for one more token of every row, and say where it goes."""
        longest = max(self.lengths)
        if longest + 1 > self._num_places:
            self._num_places = _rounded(longest + 1)
            for layer in self._layers:
                layer.widen(self._num_places)
        self._place.rows = torch.arange(len(self.lengths), device=self._device)
        self._place.lengths = torch.tensor(self.lengths, device=self._device)
        self._place.width = longest + 1
        self.lengths = [length + 1 for length in self.lengths]
        return self._place

    def _release(self) -> None:
        """Give the memory back when nobody is being answered."""
        self._num_places = self._num_made = 0
        for layer in self._layers:
            layer.keys = layer.values = None


def layers_of(prompt: DynamicCache) -> list[DynamicLayer]:
    """Return the layers of a prompt's cache.

    Raises:
        RefusedError: the architecture keeps something else than keys and values of every token.
    """
    layers = [layer for layer in prompt.layers if type(layer) is DynamicLayer]
    if len(layers) != len(prompt.layers) or any(layer.keys is None for layer in layers):
        raise RefusedError("its architecture keeps more than keys and values; serve it with llama.cpp or vLLM")
    return layers


def _rounded(num_places: int) -> int:
    return -(-num_places // GROWTH_TOKENS) * GROWTH_TOKENS


def _grown(held: Tensor | None, like: Tensor, num_rows: int, num_places: int) -> Tensor:
    """Return a tensor with room for so many rows and places, with what it held."""
    if held is not None and held.shape[0] >= num_rows and held.shape[2] >= num_places:
        return held
    rows, places = (held.shape[0], held.shape[2]) if held is not None else (0, 0)
    made = like.new_zeros(max(rows, num_rows), like.shape[1], max(places, num_places), like.shape[3])
    if held is not None:
        made[:rows, :, :places] = held
    return made
