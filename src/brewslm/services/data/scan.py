"""What a look at the examples of a dataset gives: all of them, or blocks spread over the whole."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from brewslm.core.data.example import Example
from brewslm.core.ports.tables import Tables

MAX_SCANNED = 20_000
"""Of a larger dataset so many examples are looked at."""
NUM_BLOCKS = 40
MAX_SAMPLE = 2000


@dataclass(slots=True)
class Scan:
    """Counts over the examples that were looked at."""

    num_examples: int
    """Of the dataset."""
    num_scanned: int = 0
    num_duplicates: int = 0
    """Examples that say the same as an earlier one."""
    num_conflicts: int = 0
    """Labelled texts seen before with another label."""
    labels: Counter[str] = field(default_factory=Counter)
    characters: list[int] = field(default_factory=list)
    """Of all texts of an example together."""
    answers: list[int] = field(default_factory=list)
    """Characters of what is to be learnt."""
    sample: list[Example] = field(default_factory=list)
    """At most 2,000 of them, at equal distances, for what is dear to look at."""

    @property
    def is_whole(self) -> bool:
        """Whether every example was looked at; else the counts are estimates."""
        return self.num_scanned == self.num_examples


def scan_examples(path: Path, tables: Tables, num_examples: int) -> Scan:
    """Look at the examples in `path`: all of them up to 20,000, else 40 blocks at equal distances."""
    scan = Scan(num_examples)
    seen: set[bytes] = set()
    labels: dict[bytes, str] = {}
    for example in _spread(path, tables, num_examples):
        _look(example, scan, seen, labels)
    return scan


def texts_of(example: Example) -> Iterator[str]:
    """Every text of an example that people wrote or will read."""
    if example.text is not None:
        yield example.text
    for turns in (example.messages, example.chosen, example.rejected):
        for message in turns:
            yield message.content
            yield from (call.arguments for call in message.tool_calls)


def _spread(path: Path, tables: Tables, num_examples: int) -> Iterator[Example]:
    if num_examples <= MAX_SCANNED:
        for batch in tables.read(path, Example):
            yield from batch
        return
    size = MAX_SCANNED // NUM_BLOCKS
    for block in range(NUM_BLOCKS):
        yield from _first(size, tables.read(path, Example, start=block * num_examples // NUM_BLOCKS))


def _first(size: int, batches: Iterator[list[Example]]) -> Iterator[Example]:
    for batch in batches:
        yield from batch[:size]
        size -= len(batch)
        if size <= 0:
            return


def _look(example: Example, scan: Scan, seen: set[bytes], labels: dict[bytes, str]) -> None:
    if scan.num_scanned % (1 + (min(scan.num_examples, MAX_SCANNED) - 1) // MAX_SAMPLE) == 0:
        scan.sample.append(example)
    scan.num_scanned += 1
    key = _digest(texts_of(example))
    scan.num_duplicates += key in seen
    seen.add(key)
    scan.characters.append(sum(map(len, texts_of(example))))
    if example.messages:
        scan.answers.append(len((example.chosen or example.messages)[-1].content))
    if example.label is not None:
        scan.labels[example.label] += 1
        asked = _digest(message.content for message in example.messages[:-1])
        scan.num_conflicts += labels.setdefault(asked, example.label) != example.label


def _digest(texts: Iterable[str]) -> bytes:
    """A digest of texts: NFKC, case folded, white space collapsed, as cleaning compares them."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        digest.update(" ".join(unicodedata.normalize("NFKC", text).casefold().split()).encode() + b"\0")
    return digest.digest()
