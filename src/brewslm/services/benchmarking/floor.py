"""The floor: what is reached without a model. A candidate that does not beat it has not learnt the task."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from brewslm.core.wire.shard import MASK_DTYPE, MASK_FILE, OFFSETS_DTYPE, OFFSETS_FILE, TOKENS_DTYPE, TOKENS_FILE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def unigram_losses(train_folder: Path, eval_folder: Path, *, vocab_size: int) -> tuple[float, ...]:
    """Return what each eval row costs a unigram model of the train rows' trained tokens, in nats.

    Tokens that train never has share a part of the probability that is as large as new tokens were frequent there:
    P(t) = (count(t) + types / vocab_size) / (tokens + types). Source: Witten and Bell 1991, IEEE Transactions on
    Information Theory 37(4), method C, interpolated with the uniform distribution.
    """
    import numpy as np

    seen, _ = _trained_tokens(train_folder)
    counts = np.bincount(seen, minlength=vocab_size).astype(np.float64)
    num_types = float((counts > 0).sum())
    costs = -np.log((counts + num_types / vocab_size) / (counts.sum() + num_types))
    asked, owners = _trained_tokens(eval_folder)
    return tuple(np.bincount(owners, weights=costs[asked]).tolist())


def _trained_tokens(folder: Path) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return the trained tokens of a shard, and the row of each."""
    import numpy as np

    tokens = np.fromfile(folder / TOKENS_FILE, dtype=TOKENS_DTYPE)
    is_trained = np.fromfile(folder / MASK_FILE, dtype=MASK_DTYPE) == 1
    offsets = np.fromfile(folder / OFFSETS_FILE, dtype=OFFSETS_DTYPE).astype(np.int64)
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return tokens[is_trained], owners[is_trained]
