"""Memory that is asked for once and used in every step: the system's allocator stays out of the way."""

import torch
from torch import Tensor


class Workspace:
    """Buffers by name, each as large as the largest that was taken under it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._flat: dict[tuple[str, torch.dtype], Tensor] = {}

    def take(self, name: str, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return the buffer of this name as a contiguous tensor of this shape; what it holds is undefined."""
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
