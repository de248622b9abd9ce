"""Which examples each optimiser step sees: a pure function of seed and position, so that a resume continues exactly."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brewslm.core.recipe.data import DataSettings
from brewslm.worker.processes import Processes


class Curriculum:
    """The endless sequence of examples, epoch after epoch, each in its own random order, cut into steps."""

    def __init__(self, lengths: NDArray[np.int64], settings: DataSettings, *, seed: int) -> None:
        """Derive the number of steps; the last step of a run by epochs may be short.

        Args:
            lengths: [num_examples], tokens of each example of the train split.
            settings: batch sizes and the length of the run.
            seed: of the recipe.
        """
        self._lengths, num_examples = lengths, len(lengths)
        self._num_examples = num_examples
        self._batch_size, self._max_tokens = settings.batch_size, settings.micro_batch_tokens
        self._per_step = settings.batch_size * settings.gradient_accumulation_steps
        self._seed = seed
        if settings.total_steps is None:
            self._end = max(1, round(num_examples * settings.num_epochs))
            self.total_steps = math.ceil(self._end / self._per_step)
        else:
            self.total_steps = settings.total_steps
            self._end = self.total_steps * self._per_step
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def micro_batches(self, step: int, processes: Processes) -> Sequence[NDArray[np.int64]]:
        """Return this process's examples of optimiser step `step` (from 1), one array per micro-batch.

        A micro-batch has at most `batch_size` examples and, unless it is a single one, `micro_batch_tokens` tokens.
        """
        positions = range((step - 1) * self._per_step, self.num_seen(step))
        examples = np.array([self._example_at(position) for position in positions])
        examples = processes.share(examples, self._lengths[examples])
        batches = [examples[i : i + self._batch_size] for i in range(0, len(examples), self._batch_size)]
        return [part for batch in batches for part in _cut(batch, self._lengths[batch], self._max_tokens)]

    def num_seen(self, step: int) -> int:
        """Return how many examples have been seen after this step."""
        return min(step * self._per_step, self._end)

    def epoch(self, step: int) -> float:
        """Return how many passes over the split have been made after this step."""
        return self.num_seen(step) / self._num_examples

    def examples(self) -> NDArray[np.int64]:
        """Return the examples that are seen at least once, by index."""
        if self._end >= self._num_examples:
            return np.arange(self._num_examples)
        return np.unique([self._example_at(position) for position in range(self._end)])

    def _example_at(self, position: int) -> int:
        epoch, place = divmod(position, self._num_examples)
        if epoch != self._epoch:
            self._order = np.random.default_rng([self._seed, epoch]).permutation(self._num_examples)
            self._epoch = epoch
        return int(self._order[place])


def _cut(examples: NDArray[np.int64], lengths: NDArray[np.int64], max_tokens: int) -> Sequence[NDArray[np.int64]]:
    """Cut a batch into parts of at most `max_tokens` by first fit, longest first; order is kept within each."""
    if lengths.sum() <= max_tokens:
        return [examples]
    parts: list[list[int]] = []
    room: list[int] = []
    for place in np.argsort(-lengths, kind="stable"):
        length = int(lengths[place])
        fitting = next((part for part, left in enumerate(room) if length <= left), None)
        if fitting is None:
            fitting = len(parts)
            parts.append([])
            room.append(max_tokens)
        parts[fitting].append(int(place))
        room[fitting] -= length
    return [examples[sorted(part)] for part in parts]
