"""Exact duplicates: examples that say the same, whatever their case, width or spaces."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brewslm.core.artifacts.dataset import RemovedExample


def normalise(text: str) -> str:
    """Unicode NFKC, case folded, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def key_of(messages: Iterable[Mapping[str, str]]) -> bytes:
    """A 16-byte digest of roles and normalised texts; equal for duplicates."""
    digest = hashlib.blake2b(digest_size=16)
    for message in messages:
        digest.update(f"{message['role']}\0{normalise(message['content'])}\0".encode())
    return digest.digest()


@dataclass(slots=True)
class Duplicates:
    """Remembers what was seen: a digest and a row for each distinct example, never its text."""

    removes: bool = True
    _kept: dict[bytes, int] = field(default_factory=dict)
    _labels: dict[bytes, bytes] = field(default_factory=dict)
    _conflicts: set[bytes] = field(default_factory=set)

    @property
    def num_conflicts(self) -> int:
        """Texts seen with more than one label."""
        return len(self._conflicts)

    def see(self, example: Mapping[str, Any]) -> RemovedExample | None:
        """Take note of an example; return its removal where an equal one came before.

        The label is the assistant's message, so one text with two labels makes two examples: both stay, and the text
        is counted as a conflict.
        """
        key = key_of(example["messages"])
        if example["label"] is not None:
            asked = key_of(example["messages"][:-1])
            if self._labels.setdefault(asked, key) != key:
                self._conflicts.add(asked)
        first = self._kept.setdefault(key, example["source_row"])
        if not self.removes or first == example["source_row"]:
            return None
        return RemovedExample(
            id=example["id"], source_row=example["source_row"], rule="exact_duplicate", kept_row=first
        )
