"""The examples of a dataset, in batches: once for what the splitting needs, once whole."""

import hashlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brewslm.stages.prepare.splits import Asked

BATCH_ROWS = 1024


def read_asked(path: Path) -> list[Asked]:
    """Read id, digest of the user text, and label of every example."""
    return [
        Asked(example["id"], user_key(example["messages"]), example["label"])
        for batch in read_batches(path, ["id", "messages", "label"])
        for example in batch.to_pylist()
    ]


def read_batches(path: Path, columns: list[str] | None = None) -> Iterator[Any]:
    """Yield record batches of `examples.parquet`."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=BATCH_ROWS, columns=columns)


def user_key(messages: list[dict[str, str]]) -> bytes:
    """A 16-byte digest of all that the user says: NFKC, case folded, white space collapsed."""
    digest = hashlib.blake2b(digest_size=16)
    for message in messages:
        if message["role"] == "user":
            text = " ".join(unicodedata.normalize("NFKC", message["content"]).casefold().split())
            digest.update(f"{text}\0".encode())
    return digest.digest()
