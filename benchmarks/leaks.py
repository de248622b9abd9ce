"""Recall and precision of the near-leak search: `python benchmarks/leaks.py [SEED]`.

Plants 700 pairs of texts of 40 words in which 0 to 6 words were changed, and 700 hard negatives that share 30 of
40 words with each other. A pair is a true one where the Jaccard index of the sets of words is 0.9 or more, computed
pair by pair without an index: with 0, 1 or 2 words changed. Prints what was found, by the number of changed words.
"""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from brewslm.adapters.text.similarity import MinHashSimilarity
from brewslm.core.overlap.near import NEAR, NearTexts
from brewslm.core.similarity import jaccard, shingles_of

NUM_EACH = 100
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "r", "st", "lo", "mi", "ka")]


def planted(seed: int) -> tuple[list[str], dict[tuple[int, int], int]]:
    """Return texts, and the planted pairs with the number of words changed."""
    words = random.Random(seed)
    texts: list[str] = []
    pairs: dict[tuple[int, int], int] = {}
    for changed in range(7):
        for _ in range(NUM_EACH):
            original = words.sample(WORDS, 40)
            spare = words.sample([word for word in WORDS if word not in original], changed)
            twin = words.sample(original[changed:] + spare, 40)
            pairs[len(texts), len(texts) + 1] = changed
            texts += [" ".join(original), "  ".join(twin).upper()]
    template = words.sample(WORDS, 30)
    rest = [word for word in WORDS if word not in template]
    texts += [" ".join(template + words.sample(rest, 10)) for _ in range(7 * NUM_EACH)]
    return texts, pairs


def main(seed: int) -> None:
    """Measure."""
    texts, pairs = planted(seed)
    sets = [shingles_of(text) for text in texts]
    # Without the index: every pair of the hard negatives, and all that was planted.
    first = 14 * NUM_EACH
    negatives = [(one, other) for one in range(first, len(sets)) for other in range(one + 1, len(sets))]
    true = {pair for pair in [*pairs, *negatives] if jaccard(sets[pair[0]], sets[pair[1]]) >= NEAR}
    with tempfile.TemporaryDirectory() as folder:
        near = NearTexts(MinHashSimilarity(), Path(folder) / "words")
        for text in texts:
            near.add(text)
        found = {(min(one, other), max(one, other)) for one, other, _ in near.pairs(bytes(len(texts)))}
    print(f"seed {seed}: {len(pairs)} planted pairs, {len(negatives):,} hard negative pairs, {len(true)} truly near")
    print(f"recall {len(found & true) / len(true):.4f}, precision {len(found & true) / max(len(found), 1):.4f}")
    counts, hits = Counter(pairs.values()), Counter(pairs[pair] for pair in found if pair in pairs)
    print("found by words changed:", ", ".join(f"{changed}: {hits[changed]}/{counts[changed]}" for changed in counts))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
