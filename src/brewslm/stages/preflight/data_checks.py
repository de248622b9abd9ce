"""The checks of preflight that look at every example: its mask, whether it is in a golden set."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from brewslm.core.artifacts.manifest import Manifest, Split
from brewslm.core.context import StageContext
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.overlap.golden import trained_goldens
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.wire.shard import (
    MASK_DTYPE,
    MASK_FILE,
    OFFSETS_DTYPE,
    OFFSETS_FILE,
    REJECTED_FOLDER,
    TOKENS_DTYPE,
    TOKENS_FILE,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EXAMPLES_AT_ONCE = 65_536


def mask(manifest: Manifest, base: BaseModelFacts, context: StageContext, *, is_intact: bool) -> Finding:
    """Look at every example of every split.

    Each trains a token, each trained run ends with a token that ends a turn (unless it was truncated there), and all
    ids are in the vocabulary.
    """
    if not is_intact:
        seen = "not looked at, because the data is not as it was prepared"
        return Finding(check="mask", level="unknown", seen=seen, next_step="")
    num_examples = 0
    for split in manifest.splits:
        for folder in _folders(split, manifest, context):
            problem = _problem(folder, split, manifest, base)
            if problem is not None:
                return problem
        num_examples += split.num_examples
    seen = f"all {num_examples} examples have trained tokens"
    if not manifest.turn_ends:
        step = "Prepare the dataset again to have the ends of turns looked at, too."
        return Finding(check="mask", level="ok", seen=seen, next_step=step)
    return Finding(check="mask", level="ok", seen=f"{seen}, and each answer its end", next_step="")


def _folders(split: Split, manifest: Manifest, context: StageContext) -> Iterator[Path]:
    yield context.shelf.path(split.folder)
    if manifest.shape == "preference":
        yield context.shelf.path(f"{split.folder}/{REJECTED_FOLDER}")


def _problem(folder: Path, split: Split, manifest: Manifest, base: BaseModelFacts) -> Finding | None:
    import numpy as np

    offsets = np.memmap(folder / OFFSETS_FILE, dtype=OFFSETS_DTYPE, mode="r")
    trained = np.memmap(folder / MASK_FILE, dtype=MASK_DTYPE, mode="r")
    tokens = np.memmap(folder / TOKENS_FILE, dtype=TOKENS_DTYPE, mode="r")
    for start in range(0, len(offsets) - 1, _EXAMPLES_AT_ONCE):
        bounds = offsets[start : start + _EXAMPLES_AT_ONCE + 1].astype(np.int64)
        piece = slice(int(bounds[0]), int(bounds[-1]))
        own, mine = tokens[piece], trained[piece]
        bounds -= bounds[0]
        empty = np.flatnonzero(np.add.reduceat(mine.astype(np.int64), bounds[:-1]) == 0)
        if len(empty):
            seen = f"example {start + int(empty[0])} of split {split.name!r} has no trained token"
            return _blocked(seen, "Prepare the dataset again.")
        if int(own.max()) >= base.vocab_size:
            seen = f"split {split.name!r} has token id {int(own.max())}, the model knows {base.vocab_size}"
            return _blocked(seen, "Use the model's own tokenizer.")
        endless = _endless(own, mine, bounds, manifest)
        if len(endless):
            example = start + int(np.searchsorted(bounds, endless[0], side="right")) - 1
            seen = f"example {example} of split {split.name!r} has an answer whose end is not trained"
            return _blocked(seen, "Check the chat template, then prepare the dataset again.")
    return None


def _endless(
    tokens: "NDArray[np.uint32]", mask: "NDArray[np.uint8]", bounds: "NDArray[np.int64]", manifest: Manifest
) -> "NDArray[np.int64]":
    """The last tokens of trained runs that end no turn, but for runs that truncation cut off."""
    import numpy as np

    if not manifest.turn_ends:
        return np.empty(0, dtype=np.int64)
    goes_on = np.zeros(len(mask), dtype=bool)
    goes_on[:-1] = mask[1:] == 1
    goes_on[bounds[1:] - 1] = False
    ends = np.flatnonzero((mask == 1) & ~goes_on)
    bad = ends[~np.isin(tokens[ends], manifest.turn_ends)]
    if manifest.truncation == "truncate":
        full = bounds[1:][np.diff(bounds) == manifest.max_seq_len] - 1
        bad = bad[~np.isin(bad, full)]
    return bad


def _blocked(seen: str, next_step: str) -> Finding:
    return Finding(check="mask", level="block", seen=seen, next_step=next_step, reason=Reason.PREFLIGHT_MASK)


def goldens(manifest: Manifest, context: StageContext, *, is_intact: bool) -> Finding:
    """Look for texts of golden sets in train: of those that came after the manifest was made."""
    if not is_intact:
        seen = "not looked at, because the data is not as it was prepared"
        return Finding(check="golden_sets", level="unknown", seen=seen, next_step="")
    found = trained_goldens(manifest, context)
    if found:
        told = "; ".join(f"{one.num_found:,} texts of {one.name!r}, such as {one.first!r}" for one in found)
        return Finding(
            check="golden_sets",
            level="block",
            seen=f"train holds {told}",
            next_step="Prepare the dataset again; it takes them out of train.",
            reason=Reason.PREFLIGHT_GOLDEN,
        )
    return Finding(check="golden_sets", level="ok", seen="train holds no text of a golden set", next_step="")
