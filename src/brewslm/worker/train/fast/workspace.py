"""Memory that is asked for once and used in every step: the system's allocator stays out of the way."""

import torch
from torch import Tensor


class Workspace:
    """Buffers by name, each as large as the largest that was taken under it."""

    def __init__(self, *, other: "Workspace | None" = None) -> None:
        """Begin with nothing, or use the memory of another one, but that of a single block for all."""
        self._flat: dict[tuple[str, torch.dtype], Tensor] = {} if other is None else other._flat  # noqa: SLF001 - of this class
        self._is_of_one_block = other is not None
        self._most_rows = 0

    def begin(self, num_rows: int) -> None:
        """Begin a pass of so many rows; give all memory back at once if it has to grow.

        Buffers that grew one by one would each leave a hole in which nothing that grew fits.
        """
        if num_rows > self._most_rows:
            self._flat.clear()
            self._most_rows = num_rows

    def of_one_block(self) -> "Workspace":
        """Return this memory for a pass that nothing goes back through: no block then keeps its own."""
        return Workspace(other=self)

    def take(self, name: str, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return the buffer of this name as a contiguous tensor of this shape; what it holds is undefined."""
        block, dot, part = name.partition(".")
        if self._is_of_one_block and block.isdigit():
            name = f"0{dot}{part}"
        size = 1
        for length in shape:
            size *= length
        flat = self._flat.get((name, dtype))
        if flat is None or len(flat) < size:
            self._flat.pop((name, dtype), None)
            flat = self._flat[name, dtype] = torch.empty(size, dtype=dtype)
        return flat[:size].view(shape)

    @property
    def num_bytes(self) -> int:
        """What all buffers hold."""
        return sum(flat.numel() * flat.element_size() for flat in self._flat.values())
