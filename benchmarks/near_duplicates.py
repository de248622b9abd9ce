"""Precision and recall of near-duplicate removal on planted edits, its speed, and its memory.

Run `python -m benchmarks.near_duplicates` (with `--large` for a million texts).

`tests/data/near_duplicates/texts.jsonl` holds texts that we wrote. Of each, copies are made with edits that leave it
the same for a reader; beside them stand texts that share a template and say something else. A pair is a duplicate when
both come from the same text by edits.
"""

import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from brewslm.adapters.text.similarity import MinHashSimilarity
from brewslm.core.artifacts.cleaning import NearDuplicateRule
from brewslm.core.data.example import Example, Message
from brewslm.stages.clean.near import NearDuplicates

TEXTS = Path(__file__).parents[1] / "tests" / "data" / "near_duplicates" / "texts.jsonl"
SEED = 11
COPIES = 2


@dataclass(frozen=True, slots=True)
class Case:
    """An example, the text that it comes from, and how it was edited (`original`, or `template` for another text)."""

    example: Example
    origin: int
    edit: str


@dataclass(frozen=True, slots=True)
class Result:
    """What was found."""

    precision: float
    """Removals that are copies of the one that stays, over all removals."""
    recall: dict[str, float]
    """Copies removed, by edit."""
    num_wrong: int


def edits() -> dict[str, Callable[[str, random.Random], str]]:
    """The ways in which copies differ."""
    return {
        "case": _case,
        "typo": _typo,
        "three typos": _three_typos,
        "suffix": _suffix,
        "added sentence": _added_sentence,
        "punctuation": _punctuation,
        "reordered": _reordered,
    }


def cases() -> list[Case]:
    """Read the texts and make the copies; originals and templates first, copies shuffled behind them."""
    draw = random.Random(SEED)
    rows = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    first, copies = [], []
    for origin, row in enumerate(rows):
        first.append(Case(_example(row["asked"], row["answered"]), origin, row.get("kind", "original")))
        if first[-1].edit == "template":
            continue
        for name, edit in edits().items():
            copies += [
                Case(_example(edit(row["asked"], draw), edit(row["answered"], draw)), origin, name)
                for _ in range(COPIES)
            ]
    draw.shuffle(copies)
    return first + copies


def measure(rule: NearDuplicateRule) -> Result:
    """Remove near duplicates, and compare with what was planted."""
    made = cases()
    finder = NearDuplicates(rule, MinHashSimilarity())
    numbered = [
        Example(case.example.id, case.example.task, messages=case.example.messages, source_row=row)
        for row, case in enumerate(made)
    ]
    finder.add(numbered)
    right = wrong = 0
    removed: dict[str, list[bool]] = {}
    for place, (case, example) in enumerate(zip(made, numbered, strict=True)):
        near = finder.judge(place, example)
        is_removed = near is not None and not near.is_kept
        if near is not None and is_removed:
            is_right = made[near.kept.source_row].origin == case.origin
            right, wrong = right + is_right, wrong + (not is_right)
        removed.setdefault(case.edit, []).append(is_removed)
    recall = {name: sum(found) / len(found) for name, found in sorted(removed.items())}
    return Result(right / max(1, right + wrong), recall, wrong)


def speed(num_texts: int) -> float:
    """Return texts a second, for random texts of 60 words of which a tenth are copies."""
    began = time.process_time()
    _find(num_texts)
    return num_texts / (time.process_time() - began)


def memory(num_texts: int) -> float:
    """Return bytes a text that are held at the end, as far as Python and numpy tell."""
    tracemalloc.start()
    finder = _find(num_texts)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del finder
    return held / num_texts


def _find(num_texts: int) -> NearDuplicates:
    words = [f"word{number}" for number in range(20_000)]
    finder = NearDuplicates(NearDuplicateRule(), MinHashSimilarity())
    for batch in _random_batches(num_texts, words):
        finder.add(batch)
    place = 0
    for batch in _random_batches(num_texts, words):
        for example in batch:
            finder.judge(place, example)
            place += 1
    return finder


def main() -> None:
    """Print the tables."""
    for rule in (NearDuplicateRule(), NearDuplicateRule(shingle_words=1), NearDuplicateRule(threshold=0.7)):
        result = measure(rule)
        print(f"threshold {rule.threshold}, runs of up to {rule.shingle_words} words: precision {result.precision:.3f}")
        for name, share in result.recall.items():
            what = "removed, and should stay" if name in {"original", "template"} else "removed"
            print(f"  {name:<12} {share:>6.1%} {what}")
    num_texts = 1_000_000 if "--large" in sys.argv else 20_000
    print(f"\n{num_texts:,} texts of 60 words, a tenth of them copies: {speed(num_texts):,.0f} texts/s on one core")
    print(f"held at the end: {memory(20_000):,.0f} bytes a text (of 20,000; blocks of the index are 65,536 long)")


def _random_batches(num_texts: int, words: list[str]) -> Iterator[list[Example]]:
    draw = random.Random(SEED)
    last = " ".join(draw.choices(words, k=60))
    for begin in range(0, num_texts, 1000):
        batch = []
        for number in range(begin, min(begin + 1000, num_texts)):
            last = f"{last} too" if number % 10 == 9 else " ".join(draw.choices(words, k=60))
            batch.append(Example(str(number), "chat", text=last, source_row=number))
        yield batch


def _example(asked: str, answered: str) -> Example:
    return Example("-", "instruction", messages=(Message("user", asked), Message("assistant", answered)))


def _case(text: str, draw: random.Random) -> str:
    return draw.choice([text.upper(), text.title(), text.replace(" ", "  ")])


def _typo(text: str, draw: random.Random) -> str:
    """Two neighbouring letters of one word change places."""
    place = draw.choice([n for n in range(len(text) - 1) if text[n : n + 2].isalpha() and text[n] != text[n + 1]])
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _three_typos(text: str, draw: random.Random) -> str:
    for _ in range(3):
        text = _typo(text, draw)
    return text


def _added_sentence(text: str, draw: random.Random) -> str:
    """Seven words more, in the answer as in the question."""
    return text + draw.choice([" I hope that this is of some help.", " Let me know what you think of it."])


def _suffix(text: str, draw: random.Random) -> str:
    return text + draw.choice([" Thanks!", " Thank you.", " Please.", " OK?"])


def _punctuation(text: str, draw: random.Random) -> str:
    return text.replace(",", draw.choice(["", ";"])).replace(".", draw.choice(["", " .", "!"]))


def _reordered(text: str, draw: random.Random) -> str:
    """Sentences change places."""
    sentences = text.rstrip(".").split(". ")
    draw.shuffle(sentences)
    return ". ".join(sentences) + "."


if __name__ == "__main__":
    main()
