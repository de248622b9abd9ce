"""Writes the shard of a split, laid out as in `core/wire/shard.py`, batch by batch."""

from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from brewslm.core.artifacts.manifest import LENGTH_BINS, Split, SplitName
from brewslm.core.data.example import Example, Shape
from brewslm.core.ports.tables import Tables
from brewslm.core.wire.shard import (
    BYTES_DTYPE,
    BYTES_FILE,
    EXAMPLES_FILE,
    LABELS_FILE,
    MASK_DTYPE,
    MASK_FILE,
    OFFSETS_DTYPE,
    OFFSETS_FILE,
    REJECTED_FOLDER,
    TOKENS_DTYPE,
    TOKENS_FILE,
)
from brewslm.stages.prepare.tokens.mask import Tokenised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TokenFiles:
    """The four flat files of a folder; 8 bytes an example are kept in memory, tokens are not."""

    def __init__(self, folder: Path) -> None:
        """Open the files in `folder`, which is made."""
        folder.mkdir()
        self._folder = folder
        self._tokens = (folder / TOKENS_FILE).open("wb")
        self._mask = (folder / MASK_FILE).open("wb")
        self.lengths = array("I")
        self.bytes = array("I")
        self.num_trained = 0
        self.token_counts: NDArray[np.int64] | None = None

    def add(self, tokenised: Sequence[Tokenised]) -> None:
        """Write the tokens of a batch."""
        import numpy as np

        lengths = [len(one.ids) for one in tokenised]
        tokens = np.fromiter(chain.from_iterable(one.ids for one in tokenised), dtype=TOKENS_DTYPE, count=sum(lengths))
        mask = np.zeros(len(tokens), dtype=MASK_DTYPE)
        start = 0
        for one, length in zip(tokenised, lengths, strict=True):
            for first, end in one.trained:
                mask[start + first : start + end] = 1
            start += length
        self._tokens.write(tokens.tobytes())
        self._mask.write(mask.tobytes())
        self._count(np.bincount(tokens))
        self.lengths.extend(lengths)
        self.bytes.extend(one.num_bytes for one in tokenised)
        self.num_trained += int(mask.sum())

    def close(self) -> None:
        """Write where each example begins, and the bytes that it spells."""
        import numpy as np

        self._tokens.close()
        self._mask.close()
        lengths = np.frombuffer(self.lengths, dtype=np.uint32)
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=OFFSETS_DTYPE)]).astype(OFFSETS_DTYPE)
        # Not by numpy's own `tofile`, whose error does not say that a disk is full.
        (self._folder / OFFSETS_FILE).write_bytes(offsets.data)
        (self._folder / BYTES_FILE).write_bytes(np.frombuffer(self.bytes, dtype=np.uint32).astype(BYTES_DTYPE).data)

    def _count(self, counts: "NDArray[np.int64]") -> None:
        import numpy as np

        if self.token_counts is None:
            self.token_counts = counts
            return
        wide, narrow = sorted((self.token_counts, counts), key=len, reverse=True)
        self.token_counts = wide + np.pad(narrow, (0, len(wide) - len(narrow)))


class ShardWriter:
    """One split on its way to disk."""

    def __init__(self, name: SplitName, folder: Path, shape: Shape, tables: Tables) -> None:
        """Open the files of the split in `folder`, which is made."""
        self.name: SplitName = name
        self._folder = folder
        self.files = TokenFiles(folder)
        self._rejected = TokenFiles(folder / REJECTED_FOLDER) if shape == "preference" else None
        self._stack = ExitStack()
        self._examples = self._stack.enter_context(tables.write(folder / EXAMPLES_FILE, Example))
        self._goodness: array[int] | None = array("B") if shape == "binary_feedback" else None

    def add(
        self, examples: Sequence[Example], tokenised: Sequence[Tokenised], rejected: Sequence[Tokenised] = ()
    ) -> None:
        """Write a batch of examples and their tokens, in the same order; of preferences those of both answers."""
        if not examples:
            return
        self._examples.add(examples)
        self.files.add(tokenised)
        if self._rejected is not None:
            self._rejected.add(rejected)
        if self._goodness is not None:
            self._goodness.extend(example.label == "good" for example in examples)

    def describe(self, folder: str, max_seq_len: int) -> Split:
        """Describe the split as it was written; `folder` is where it can be found."""
        import numpy as np

        lengths = np.asarray(self.files.lengths or [0])
        places = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        counts, _ = np.histogram(self.files.lengths, bins=LENGTH_BINS, range=(0, max_seq_len))
        return Split(
            name=self.name,
            num_examples=len(self.files.lengths),
            num_tokens=sum(self.files.lengths),
            num_trained_tokens=self.files.num_trained,
            num_bytes=sum(self.files.bytes),
            length_quantiles={
                name: float(np.quantile(lengths, place, method="higher")) for name, place in places.items()
            },
            length_counts=tuple(counts.tolist()),
            folder=folder,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        self.files.close()
        if self._rejected is not None:
            self._rejected.close()
        if self._goodness is not None:
            (self._folder / LABELS_FILE).write_bytes(self._goodness.tobytes())
