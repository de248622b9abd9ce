"""Two examples for each row of the data, by turns: the better and the worse answer, or an answer and another's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brewslm.core.wire.shard import LABELS_DTYPE, LABELS_FILE, REJECTED_FOLDER
from brewslm.worker.failure import BadDataError
from brewslm.worker.models import AnyModel
from brewslm.worker.packing import PackedBatch
from brewslm.worker.scoring import token_losses
from brewslm.worker.shard import Examples, Shard, open_shard

Indices = Sequence[int] | NDArray[np.int64]


class Pairs:
    """A split of preferences: example 2i is the chosen answer of pair i, 2i + 1 the rejected one."""

    def __init__(self, chosen: Shard, rejected: Shard) -> None:
        """Pair two shards of the same order."""
        self._shards = (chosen, rejected)
        self.num_labels = np.stack([chosen.num_trained, rejected.num_trained], axis=1)
        """[num_pairs, 2], trained tokens of each answer."""

    def __len__(self) -> int:
        return 2 * len(self._shards[0])

    @property
    def pair_lengths(self) -> NDArray[np.int64]:
        """[num_pairs], tokens of both examples."""
        return self._shards[0].lengths + self._shards[1].lengths

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[2 * num_pairs], tokens of each example."""
        return np.stack([shard.lengths for shard in self._shards], axis=1).reshape(-1)

    def example(self, index: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Return tokens and mask of one example."""
        row, side = divmod(index, 2)
        return self._shards[side].example(row)


class JudgedAnswers:
    """A split of feedback: example 2i is row i, and 2i + 1 its prompt with the answer of another row.

    The other row is the next one in an order that is drawn once from the seed, so that every answer stands after one
    foreign prompt. Its end is cut off where both are longer than `max_seq_len` together.
    """

    def __init__(self, shard: Shard, is_good: NDArray[np.bool_], *, max_seq_len: int, seed: int) -> None:
        """Draw which answer goes with which foreign prompt."""
        self._shard, self._max_seq_len = shard, max_seq_len
        self.is_good = is_good
        """[num_rows]."""
        trained = np.flatnonzero(shard.mask)
        self._starts = trained[np.searchsorted(trained, shard.offsets[:-1])] - shard.offsets[:-1]
        order = np.random.default_rng([seed, len(shard)]).permutation(len(shard))
        self._others = np.empty(len(shard), dtype=np.int64)
        self._others[order] = np.roll(order, -1)

    def __len__(self) -> int:
        return 2 * len(self._shard)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[2 * num_rows], tokens of each example."""
        answers = self._shard.lengths - self._starts
        foreign = np.minimum(self._starts + answers[self._others], self._max_seq_len)
        return np.stack([self._shard.lengths, foreign], axis=1).reshape(-1)

    def example(self, index: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Return tokens and mask of one example."""
        row, is_foreign = divmod(index, 2)
        tokens, mask = self._shard.example(row)
        if not is_foreign:
            return tokens, mask
        other, start = int(self._others[row]), int(self._starts[row])
        other_tokens, other_mask = self._shard.example(other)
        answer = slice(int(self._starts[other]), int(self._starts[other]) + self._max_seq_len - start)
        return np.concatenate([tokens[:start], other_tokens[answer]]), np.concatenate(
            [mask[:start], other_mask[answer]]
        )


class Selection:
    """Some examples of others, in the given order."""

    def __init__(self, examples: Examples, indices: NDArray[np.int64]) -> None:
        """Select these."""
        self._examples, self._indices = examples, indices

    def __len__(self) -> int:
        return len(self._indices)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[num_examples], tokens of each example."""
        return self._examples.lengths[self._indices]

    def example(self, index: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Return tokens and mask of one example."""
        return self._examples.example(int(self._indices[index]))


def both(rows: Indices) -> NDArray[np.int64]:
    """Return the two examples of each row, by turns, [2 * num_rows]."""
    first = 2 * np.asarray(rows, dtype=np.int64)
    return np.stack([first, first + 1], axis=1).reshape(-1)


def open_pairs(folder: Path, *, mode: str, vocab_size: int) -> Pairs:
    """Map a split of preferences.

    Raises:
        BadDataError: it is damaged, or no split of preferences.
    """
    if not (folder / REJECTED_FOLDER).is_dir():
        message = f"The mode {mode!r} learns from pairs of answers, and the split {str(folder)!r} has none; "
        raise BadDataError(message + "prepare data of the shape 'preference', or set mode=sft.")
    chosen = _whole(folder, vocab_size=vocab_size)
    rejected = _whole(folder / REJECTED_FOLDER, vocab_size=vocab_size)
    if len(chosen) != len(rejected):
        message = f"The split {str(folder)!r} has {len(chosen)} chosen and {len(rejected)} rejected answers; "
        raise BadDataError(message + "prepare it again.")
    return Pairs(chosen, rejected)


def open_judged(folder: Path, *, vocab_size: int, max_seq_len: int, seed: int) -> JudgedAnswers:
    """Map a split of feedback.

    Raises:
        BadDataError: it is damaged, or no split of feedback.
    """
    file = folder / LABELS_FILE
    if not file.is_file():
        message = f"The mode 'kto' learns from answers judged good or bad, and the split {str(folder)!r} has none; "
        raise BadDataError(message + "prepare data of the shape 'binary_feedback', or set mode=sft.")
    shard = _whole(folder, vocab_size=vocab_size)
    labels = np.fromfile(file, dtype=LABELS_DTYPE)
    if len(labels) != len(shard):
        message = f"The split {str(folder)!r} has {len(shard)} answers and {len(labels)} judgements; prepare it again."
        raise BadDataError(message)
    return JudgedAnswers(shard, labels == 1, max_seq_len=max_seq_len, seed=seed)


def _whole(folder: Path, *, vocab_size: int) -> Shard:
    """Map a split in which every example has an answer to score."""
    shard = open_shard(folder, vocab_size=vocab_size)
    empty = np.flatnonzero(shard.num_trained == 0)
    if len(empty):
        raise BadDataError(f"Example {empty[0]} of {str(folder)!r} has no trained token; prepare it again.")
    return shard


def answer_logps(model: AnyModel, batch: PackedBatch) -> Tensor:
    """Return the log-probability of each answer of a row, summed over its tokens, [num_examples], float64 nats."""
    sums = torch.zeros(batch.num_examples, dtype=torch.float64, device=batch.owners.device)
    return sums.index_add(0, batch.owners, -token_losses(model, batch).double())
