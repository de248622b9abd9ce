"""MinHash (Broder 1997) by rensa, and locality-sensitive hashing by bands over its signatures.

Memory is 4 bytes for each band of a set: 64 at a threshold of 0.85. The buckets are found in place, band by band, with
12 bytes more for each set while one band is sorted.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Keys = npt.NDArray[np.uint32]

NUM_PERMUTATIONS = 128
SEED = 42
MIN_RECALL = 0.99
BLOCK = 65_536
_ALONE = 0xFFFFFFFF


class MinHashSimilarity:
    """Implements `core.ports.similarity.Similarity`."""

    def index(self, threshold: float) -> "MinHashIndex":
        """Return an empty index."""
        return MinHashIndex(rows_per_band(threshold))


def rows_per_band(threshold: float) -> int:
    """Return the widest band with which a pair at the threshold still shares one with a probability of 0.99.

    Of b bands of r rows a pair with Jaccard index s shares one with probability 1 - (1 - s^r)^b (Leskovec, Rajaraman
    and Ullman, Mining of Massive Datasets, 3.4.2).
    """
    wide_enough = [
        rows
        for rows in range(1, NUM_PERMUTATIONS + 1)
        if 1 - (1 - threshold**rows) ** (NUM_PERMUTATIONS // rows) >= MIN_RECALL
    ]
    return max(wide_enough, default=1)


class MinHashIndex:
    """Implements `core.ports.similarity.NearIndex`."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._bands = NUM_PERMUTATIONS // rows
        self._blocks: list[Keys] = []
        self._num_sets = 0
        self._is_sorted = False

    def add(self, sets: Sequence[Collection[int]]) -> None:
        """Take sets of numbers from 0 to 2^32 - 1."""
        import numpy as np
        import rensa

        if not sets:
            return
        matrix: Any = rensa.RMinHash.digest_matrix_from_token_hash_sets(
            [list(members) for members in sets], num_perm=NUM_PERMUTATIONS, seed=SEED
        )
        keys = _band_keys(np.asarray(matrix.to_rows(), dtype=np.uint64), self._bands, self._rows)
        done = 0
        while done < len(sets):
            place = self._num_sets % BLOCK
            if place == 0:
                self._blocks.append(np.empty((self._bands, BLOCK), dtype=np.uint32))
            taken = min(BLOCK - place, len(sets) - done)
            self._blocks[-1][:, place : place + taken] = keys[done : done + taken].T
            done += taken
            self._num_sets += taken

    def shared(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield each set that shares a bucket, with those buckets."""
        self._sort()
        for number, block in enumerate(self._blocks):
            first = number * BLOCK
            width = min(BLOCK, self._num_sets - first)
            part = block[:, :width]
            for column in (part != _ALONE).any(axis=0).nonzero()[0].tolist():
                yield first + column, tuple(bucket for bucket in part[:, column].tolist() if bucket != _ALONE)

    def _sort(self) -> None:
        """Put in place of each key the number of its bucket, or `_ALONE`."""
        if self._is_sorted or not self._num_sets:
            return
        first_bucket = 0
        for band in range(self._bands):
            first_bucket = self._number_buckets(band, first_bucket)
        self._is_sorted = True

    def _number_buckets(self, band: int, first_bucket: int) -> int:
        import numpy as np

        keys = np.concatenate([block[band] for block in self._blocks])[: self._num_sets]
        order = np.argsort(keys, kind="stable").astype(np.uint32)
        keys = keys[order]
        is_like_last = np.zeros(self._num_sets, dtype=bool)
        is_like_last[1:] = keys[1:] == keys[:-1]
        is_company = is_like_last.copy()
        is_company[:-1] |= is_like_last[1:]
        starts = is_company & ~is_like_last
        numbers = (np.cumsum(starts, dtype=np.uint32) + np.uint32(first_bucket) - np.uint32(1)).astype(np.uint32)
        numbers[~is_company] = _ALONE
        keys[order] = numbers
        for number, block in enumerate(self._blocks):
            part = keys[number * BLOCK : (number + 1) * BLOCK]
            block[band, : len(part)] = part
        return first_bucket + int(starts.sum())


def _band_keys(signatures: "npt.NDArray[np.uint64]", bands: int, rows: int) -> "Keys":
    """Hash each band of each signature to 32 bits."""
    import numpy as np

    grouped = signatures[:, : bands * rows].reshape(len(signatures), bands, rows)
    keys = np.zeros((len(signatures), bands), dtype=np.uint64)
    for row in range(rows):
        keys = (keys ^ grouped[:, :, row]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return (keys >> np.uint64(32)).astype(np.uint32)
