"""Exact duplicates: examples that say the same, whatever their case, width or spaces.

A digest of 64 bits and a row number are kept for each distinct example, 16 bytes, in sorted runs of which each is at
least twice as long as the next. At 10^8 examples the chance that any two different ones share a digest is 0.03 %.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from brewslm.core.data.example import Example, Message
from brewslm.core.similarity import normalised

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Keys = npt.NDArray[np.uint64]
    Values = npt.NDArray[np.int64]


def key_of(example: Example) -> int:
    """A 64-bit digest of roles, normalised texts, calls and tools; equal for duplicates."""
    return _digest(
        example.task,
        example.text,
        example.tools,
        _label_beside(example),
        example.messages,
        example.chosen,
        example.rejected,
    )


def asked_key_of(example: Example) -> int:
    """A 64-bit digest of what is asked: all messages but the answer."""
    return _digest(example.task, example.text, None, None, example.messages[:-1])


@dataclass(slots=True)
class FirstSeen:
    """Remembers for each key the value that came with it first."""

    _runs: "list[tuple[Keys, Values]]" = field(default_factory=list)

    def see(self, keys: "Keys", values: "Values") -> "Values":
        """Return for each key the value of its first coming, its own where that is now."""
        import numpy as np

        first = np.full(len(keys), -1, dtype=np.int64)
        for known, known_values in self._runs:
            places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            is_known = known[places] == keys
            first[is_known] = known_values[places[is_known]]
        fresh, fresh_first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        is_new = first[fresh_first] < 0
        own = values[fresh_first][inverse]
        result: Values = np.where(first >= 0, first, own)
        if is_new.any():
            self._runs.append((fresh[is_new], values[fresh_first][is_new]))
            self._merge()
        return result

    def _merge(self) -> None:
        import numpy as np

        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            (left, left_values), (right, right_values) = self._runs.pop(), self._runs.pop()
            keys = np.concatenate([left, right])
            order = np.argsort(keys, kind="stable")
            self._runs.append((keys[order], np.concatenate([left_values, right_values])[order]))


@dataclass(slots=True)
class ExactDuplicates:
    """Tells for each example the row of the first one that says the same, and counts texts with two labels."""

    _rows: FirstSeen = field(default_factory=FirstSeen)
    _labels: FirstSeen = field(default_factory=FirstSeen)
    _conflicts: set[int] = field(default_factory=set)
    _num_seen: int = 0

    @property
    def num_conflicts(self) -> int:
        """Texts seen with more than one label."""
        return len(self._conflicts)

    def see(self, examples: Sequence[Example]) -> list[int | None]:
        """Return for each example the source row of an earlier equal one, or None where it is the first."""
        import numpy as np

        if not examples:
            return []
        self._see_labels([example for example in examples if example.label is not None and example.messages])
        keys = np.fromiter(map(key_of, examples), dtype=np.uint64, count=len(examples))
        # A row may have become many examples, so its place in the dataset travels with it (each to 2^31).
        places = np.arange(self._num_seen, self._num_seen + len(examples), dtype=np.int64)
        rows = np.fromiter((example.source_row for example in examples), dtype=np.int64, count=len(examples))
        packed = (places << 32) | (rows & _LOW)
        first = self._rows.see(keys, packed)
        self._num_seen += len(examples)
        is_first = (first == packed).tolist()
        return [None if own else int(row) & _LOW for own, row in zip(is_first, first.tolist(), strict=True)]

    def _see_labels(self, labelled: Sequence[Example]) -> None:
        import numpy as np

        if not labelled:
            return
        asked = np.fromiter(map(asked_key_of, labelled), dtype=np.uint64, count=len(labelled))
        said = np.fromiter((_digest(example.label) >> 1 for example in labelled), dtype=np.int64, count=len(labelled))
        first = self._labels.see(asked, said)
        self._conflicts.update(asked[first != said].tolist())


_LOW = 0xFFFFFFFF


def _label_beside(example: Example) -> str | None:
    """The label where it is not what the assistant says."""
    return example.label if not example.messages or example.messages[-1].content != example.label else None


def _digest(*parts: str | tuple[Message, ...] | None) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, tuple):
            digest.update(b"\2")
            for turn in part:
                calls = "".join(f"\0{call.name}\0{call.arguments}" for call in turn.tool_calls)
                digest.update(f"{turn.role}\0{normalised(turn.content)}{calls}\1".encode("utf-8", "surrogatepass"))
        else:
            digest.update(b"\3" if part is None else b"\4" + normalised(part).encode("utf-8", "surrogatepass") + b"\0")
    return int.from_bytes(digest.digest(), "big")
