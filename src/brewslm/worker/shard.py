"""A tokenised split, memory-mapped; laid out as `core/wire/shard.py` says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.shard import (
    MASK_DTYPE,
    MASK_FILE,
    OFFSETS_DTYPE,
    OFFSETS_FILE,
    TOKENS_DTYPE,
    TOKENS_FILE,
)
from brewslm.worker.failure import BadDataError


class Examples(Protocol):
    """Tokenised examples, wherever they lie: a split, or a view of one."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[num_examples], tokens of each example."""
        ...

    def example(self, index: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Return tokens and mask of one example."""
        ...


@dataclass(frozen=True, slots=True)
class Shard:
    """The examples of one split."""

    tokens: NDArray[np.uint32]
    """[num_tokens], all examples one after the other."""
    mask: NDArray[np.uint8]
    """[num_tokens], 1 where the loss is taken over predicting the token."""
    offsets: NDArray[np.int64]
    """[num_examples + 1], where each example begins."""
    num_trained: NDArray[np.int64]
    """[num_examples], trained tokens of each example."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[num_examples], tokens of each example."""
        return np.diff(self.offsets)

    def example(self, index: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Return tokens and mask of one example."""
        piece = slice(self.offsets[index], self.offsets[index + 1])
        return self.tokens[piece], self.mask[piece]


def open_shard(folder: Path, *, vocab_size: int) -> Shard:
    """Map the files of a split and check that they belong together and fit the model.

    Raises:
        BadDataError: a file is missing or damaged, there are no examples, or a token is not in the vocabulary.
    """
    tokens = _map(folder / TOKENS_FILE, TOKENS_DTYPE)
    mask = _map(folder / MASK_FILE, MASK_DTYPE)
    offsets = _map(folder / OFFSETS_FILE, OFFSETS_DTYPE).astype(np.int64)
    if len(offsets) < 2:
        raise BadDataError(f"The split {str(folder)!r} holds no examples; prepare it again.")
    if offsets[0] != 0 or offsets[-1] != len(tokens) or len(mask) != len(tokens) or (np.diff(offsets) < 1).any():
        raise BadDataError(f"The files of the split {str(folder)!r} do not belong together; prepare it again.")
    if int(tokens.max()) >= vocab_size:
        message = f"The split {str(folder)!r} holds token {int(tokens.max())}, the model knows {vocab_size} tokens; "
        raise BadDataError(message + "prepare it again for this base model.")
    if mask[offsets[:-1]].any():
        raise BadDataError(f"An example of {str(folder)!r} asks for a loss on its first token; prepare it again.")
    num_trained = np.add.reduceat(mask.astype(np.int64), offsets[:-1])
    if not num_trained.any():
        raise BadDataError(f"No token of the split {str(folder)!r} is trained; check the mask.")
    return Shard(tokens, mask, offsets, num_trained)


def _map(path: Path, dtype: str) -> NDArray[Any]:
    try:
        size = path.stat().st_size
        if size == 0 or size % np.dtype(dtype).itemsize:
            raise BadDataError(f"The file {str(path)!r} has {size} bytes, which no whole split has; prepare it again.")
        return np.memmap(path, dtype=dtype, mode="r")
    except FileNotFoundError:
        raise BadDataError(f"The file {str(path)!r} is missing; prepare the data again.") from None
