"""Remembers ids that were seen in some twenty bytes each."""

import hashlib
from array import array

_FULL = 0.6
_FIRST_SIZE = 1 << 12


class SeenIds:
    """A set of texts, of which only 64 bits of a hash are kept, in an open table.

    Two different texts are taken for one with a probability of about n² / 2⁶⁵: 3 in a million for 10 million ids.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._table = array("Q", bytes(8 * _FIRST_SIZE))
        self._count = 0

    @property
    def num_bytes(self) -> int:
        """How much memory the table takes."""
        return len(self._table) * self._table.itemsize

    def add(self, text: str) -> bool:
        """Remember a text; tell whether it is new."""
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        # Zero marks a free place.
        if not self._put(int.from_bytes(digest, "little") or 1):
            return False
        self._count += 1
        if self._count > _FULL * len(self._table):
            self._grow()
        return True

    def _put(self, key: int) -> bool:
        table, mask = self._table, len(self._table) - 1
        place = key & mask
        while table[place]:
            if table[place] == key:
                return False
            place = (place + 1) & mask
        table[place] = key
        return True

    def _grow(self) -> None:
        before = self._table
        self._table = array("Q", bytes(16 * len(before)))
        for key in before:
            if key:
                self._put(key)
