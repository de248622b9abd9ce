"""Writes the shard of a split, laid out as in `core/wire/shard.py`, example by example."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from brewslm.core.artifacts.manifest import Split, SplitName
from brewslm.core.wire.shard import (
    BYTES_DTYPE,
    BYTES_FILE,
    EXAMPLES_FILE,
    MASK_DTYPE,
    MASK_FILE,
    OFFSETS_DTYPE,
    OFFSETS_FILE,
    TOKENS_DTYPE,
    TOKENS_FILE,
)
from brewslm.stages.prepare.mask import Tokenised


class ShardWriter:
    """One split on its way to disk; lengths are kept in memory, tokens are not."""

    def __init__(self, name: SplitName, folder: Path, schema: Any) -> None:  # noqa: ANN401 - a pyarrow schema
        """Open the files of the split in `folder`, which is made."""
        import pyarrow.parquet as pq

        folder.mkdir()
        self.name: SplitName = name
        self._folder = folder
        self._tokens = (folder / TOKENS_FILE).open("wb")
        self._mask = (folder / MASK_FILE).open("wb")
        self._examples = pq.ParquetWriter(folder / EXAMPLES_FILE, schema, compression="zstd")
        self._lengths: list[int] = []
        self._bytes: list[int] = []
        self._num_trained = 0

    def add(self, batch: Any, tokenised: Sequence[Tokenised]) -> None:  # noqa: ANN401 - a pyarrow record batch
        """Write a batch of examples and their tokens, in the same order."""
        import numpy as np

        if not tokenised:
            return
        self._examples.write_batch(batch)
        for example in tokenised:
            mask = np.zeros(len(example.ids), dtype=MASK_DTYPE)
            for start, end in example.trained:
                mask[start:end] = 1
            self._tokens.write(np.asarray(example.ids, dtype=TOKENS_DTYPE).tobytes())
            self._mask.write(mask.tobytes())
            self._lengths.append(len(example.ids))
            self._bytes.append(example.num_bytes)
            self._num_trained += example.num_trained

    def describe(self, folder: str) -> Split:
        """Describe the split as it was written; `folder` is where it can be found."""
        import numpy as np

        lengths = np.asarray(self._lengths or [0])
        places = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        return Split(
            name=self.name,
            num_examples=len(self._lengths),
            num_tokens=sum(self._lengths),
            num_trained_tokens=self._num_trained,
            num_bytes=sum(self._bytes),
            length_quantiles={
                name: float(np.quantile(lengths, place, method="higher")) for name, place in places.items()
            },
            folder=folder,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import numpy as np

        self._tokens.close()
        self._mask.close()
        self._examples.close()
        offsets = np.concatenate([[0], np.cumsum(self._lengths, dtype=OFFSETS_DTYPE)]).astype(OFFSETS_DTYPE)
        offsets.tofile(self._folder / OFFSETS_FILE)
        np.asarray(self._bytes, dtype=BYTES_DTYPE).tofile(self._folder / BYTES_FILE)
