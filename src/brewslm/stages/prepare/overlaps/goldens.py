"""The golden sets of the project, as preparation looks for them in the data."""

from collections.abc import Sequence

from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import GoldenOverlap
from brewslm.core.context import StageContext
from brewslm.core.data.asked import Asked, asked_text, text_key
from brewslm.stages.prepare.overlaps.leaks import GoldenTexts, Pairs
from brewslm.stages.prepare.placing.splits import EVAL, TEST


def read_goldens(context: StageContext) -> tuple[tuple[Golden, ...], tuple[GoldenTexts, ...]]:
    """Read every version of every golden set of the project, by name and version."""
    import numpy as np

    goldens = tuple(sorted(context.shelf.all(Golden), key=lambda one: (one.name, one.version, one.id)))
    found = []
    for golden in goldens:
        path = context.shelf.path(next(file.path for file in golden.files if file.path.endswith("/examples.parquet")))
        asked = [one for batch in context.tables.read(path, Asked) for one in batch]
        texts = tuple(asked_text(one.messages, one.text) for one in asked)
        found.append(
            GoldenTexts(
                name=golden.title,
                code=TEST if golden.purpose == "test" else EVAL,
                ids=tuple(one.id for one in asked),
                texts=texts,
                keys=np.array([text_key(text) for text in texts], dtype=np.uint64),
                is_of_split=golden.manifest_id is not None,
            )
        )
    return goldens, tuple(found)


def overlaps_of(
    goldens: Sequence[Golden], texts: Sequence[GoldenTexts], pairs: Sequence[Pairs], count: int
) -> tuple[GoldenOverlap, ...]:
    """Say of each golden set how many of its texts are in the data. Those taken from a split are in it by intention.

    Args:
        goldens: the sets.
        texts: of them, in the same order.
        pairs: whose `one` is a golden text, numbered from `count` on.
        count: the number of examples.
    """
    import numpy as np

    hit = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(pair.one[pair.one >= count] for pair in pairs)]))
    found, start = [], count
    for golden, one in zip(goldens, texts, strict=True):
        mine = hit[(hit >= start) & (hit < start + len(one.texts))]
        start += len(one.texts)
        is_own = one.is_of_split
        found.append(
            GoldenOverlap(
                golden_id=golden.id,
                name=one.name,
                num_texts=0 if is_own else len(one.texts),
                num_found=0 if is_own else len(mine),
            )
        )
    return tuple(found)
