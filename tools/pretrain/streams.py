"""Token streams of the corpus on disk and the order in which training reads them, a pure function of seed and step."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pretrain.documents import END_OF_TEXT, SOURCES, Document, Source

Part = Literal["training", "held_out"]
Tokens = NDArray[np.uint16]


def write_stream(
    documents: Sequence[Document], tokenizer: Tokenizer, folder: Path, *, part: Part, seed: int
) -> dict[str, dict[str, int]]:
    """Write one token file for each source, its documents shuffled and divided by <|endoftext|>.

    Returns:
        For each source the numbers of documents, text bytes and tokens; also written as `{part}.json`.

    Raises:
        ValueError: if the tokenizer does not know the separator.
    """
    folder.mkdir(parents=True, exist_ok=True)
    separator = tokenizer.token_to_id(END_OF_TEXT)
    if separator is None:
        raise ValueError(f"the tokenizer has no {END_OF_TEXT!r}")
    record: dict[str, dict[str, int]] = {}
    for source in SOURCES:
        texts = [document.text for document in documents if document.source == source]
        order = np.random.default_rng((seed, SOURCES.index(source))).permutation(len(texts))
        tokens: list[int] = []
        for encoding in tokenizer.encode_batch_fast([texts[number] for number in order]):
            tokens.append(separator)
            tokens.extend(encoding.ids)
        tokens.append(separator)
        np.asarray(tokens, dtype=np.uint16).tofile(folder / f"{part}.{source}.u16")
        record[source] = {
            "num_documents": len(texts),
            "num_bytes": sum(len(text.encode("utf-8")) for text in texts),
            "num_tokens": len(tokens),
        }
    (folder / f"{part}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def read_stream(folder: Path, *, part: Part) -> dict[Source, Tokens]:
    """Map the token files of one part into memory."""
    return {source: np.memmap(folder / f"{part}.{source}.u16", dtype=np.uint16, mode="r") for source in SOURCES}


class BatchOrder:
    """Chooses the sequences of each step, without any state.

    Sources follow a fixed shuffled pattern of `PATTERN_LENGTH` sequences that holds their shares exactly; within a
    source every epoch is a fresh permutation of its chunks, cut at a fresh offset.
    """

    PATTERN_LENGTH = 64

    def __init__(self, streams: Mapping[Source, Tokens], shares: Mapping[Source, int], *, seed: int) -> None:
        """Keep the streams and lay out the pattern.

        Raises:
            ValueError: if the shares do not add up to `PATTERN_LENGTH`.
        """
        if sum(shares.values()) != self.PATTERN_LENGTH:
            raise ValueError(f"shares {dict(shares)} must add up to {self.PATTERN_LENGTH}")
        self._streams = streams
        self._shares = shares
        self._seed = seed
        pattern = [source for source in SOURCES for _ in range(shares[source])]
        np.random.default_rng(seed).shuffle(pattern)
        seen: Counter[Source] = Counter()
        self._pattern: list[tuple[Source, int]] = []
        for source in pattern:
            self._pattern.append((source, seen[source]))
            seen[source] += 1

    def batch(self, step: int, *, num_sequences: int, length: int) -> NDArray[np.int64]:
        """Return the step's sequences, [num_sequences, length + 1]: inputs and, one later, targets."""
        first = step * num_sequences
        return np.stack([self._sequence(number, length) for number in range(first, first + num_sequences)]).astype(
            np.int64
        )

    def _sequence(self, number: int, length: int) -> Tokens:
        cycle, place = divmod(number, self.PATTERN_LENGTH)
        source, rank = self._pattern[place]
        stream = self._streams[source]
        num_chunks = (len(stream) - 1) // length - 1
        epoch, position = divmod(cycle * self._shares[source] + rank, num_chunks)
        offset, order = _epoch_order(self._seed, SOURCES.index(source), epoch, num_chunks, length)
        start = offset + int(order[position]) * length
        return stream[start : start + length + 1]


@lru_cache(maxsize=16)
def _epoch_order(seed: int, source: int, epoch: int, num_chunks: int, length: int) -> tuple[int, NDArray[np.int64]]:
    """Draw one epoch's offset and permutation of chunks for one source."""
    rng = np.random.default_rng((seed, source, epoch, length))
    return int(rng.integers(length)), rng.permutation(num_chunks)
