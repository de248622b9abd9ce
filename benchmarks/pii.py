"""Precision and recall of the detectors of personal data, per kind, on the sentences of `tests/data/pii`.

Run `python -m benchmarks.pii` (with `--misses` for every sentence that is wrong).

A sentence is marked like `write to ⟦email|me@example.org⟧`; a broken bar in a value is taken out, so that no tool that
looks for leaked keys stumbles over the file. A find counts when kind, beginning and end are right.
"""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from brewslm.stages.clean.pii import find

SENTENCES = Path(__file__).parents[1] / "tests" / "data" / "pii" / "sentences.jsonl"
_MARK = re.compile(r"⟦(\w+)\|([^⟧]*)⟧")

Mark = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text, and where personal data is in it."""

    text: str
    language: str
    marks: frozenset[Mark]


@dataclass(slots=True)
class Score:
    """Counts per kind."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)

    def precision(self, kind: str) -> float:
        """Right finds over all finds."""
        return self.right[kind] / max(1, self.right[kind] + self.wrong[kind])

    def recall(self, kind: str) -> float:
        """Right finds over all that there was."""
        return self.right[kind] / max(1, self.right[kind] + self.missed[kind])


def sentences(path: Path = SENTENCES) -> Iterator[Sentence]:
    """Read the labelled sentences."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield unmarked(row["marked"].replace("¦", ""), row["language"])


def unmarked(marked: str, language: str) -> Sentence:
    """Take the marks out of a text."""
    text, marks, done = "", set(), 0
    for mark in _MARK.finditer(marked):
        text += marked[done : mark.start()]
        marks.add((len(text), len(text) + len(mark[2]), mark[1]))
        text += mark[2]
        done = mark.end()
    return Sentence(text + marked[done:], language, frozenset(marks))


def score() -> Score:
    """Find in every sentence, and compare."""
    result = Score()
    for sentence in sentences():
        found = {(span.start, span.end, str(span.kind)) for span in find(sentence.text)}
        result.right.update(kind for _, _, kind in found & sentence.marks)
        result.wrong.update(kind for _, _, kind in found - sentence.marks)
        result.missed.update(kind for _, _, kind in sentence.marks - found)
        result.mistakes += [
            f"{what} {kind} {sentence.text[start:end]!r} in {sentence.text!r}"
            for what, these in (("wrong", found - sentence.marks), ("missed", sentence.marks - found))
            for start, end, kind in sorted(these)
        ]
    return result


def main() -> None:
    """Print the table."""
    result = score()
    kinds = sorted(result.right | result.wrong | result.missed)
    everything = list(sentences())
    languages = {sentence.language for sentence in everything}
    num_without = sum(not sentence.marks for sentence in everything)
    print(f"{len(everything)} sentences in {len(languages)} languages, {num_without} of them without personal data\n")
    print(f"{'kind':<12} {'there':>6} {'right':>6} {'wrong':>6} {'missed':>7} {'precision':>10} {'recall':>7}")
    for kind in kinds:
        there = result.right[kind] + result.missed[kind]
        counts = f"{there:>6} {result.right[kind]:>6} {result.wrong[kind]:>6} {result.missed[kind]:>7}"
        print(f"{kind:<12} {counts} {result.precision(kind):>10.3f} {result.recall(kind):>7.3f}")
    text = "\n".join(sentence.text for sentence in everything) * 20
    began = time.process_time()
    find(text)
    rate = len(text.encode()) / (time.process_time() - began) / 1e6
    print(f"\nspeed on this text, which is dense with finds: {rate:.2f} MB/s on one core")
    if "--misses" in sys.argv:
        print("\n" + "\n".join(result.mistakes))


if __name__ == "__main__":
    main()
