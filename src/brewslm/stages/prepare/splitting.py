"""From facts to splits: plan, look for leaks, and do with them what the policy says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import GoldenOverlap, LeakKind, LeakTally
from brewslm.core.context import StageContext
from brewslm.core.data.asked import Asked, asked_text
from brewslm.stages.prepare import leaks
from brewslm.stages.prepare.bundles import bundle, equal_links
from brewslm.stages.prepare.contract import PrepareInputs
from brewslm.stages.prepare.facts import Facts
from brewslm.stages.prepare.goldens import overlaps_of, read_goldens
from brewslm.stages.prepare.source_splits import plan_by_source
from brewslm.stages.prepare.splits import CODES, OUT, Assignment, assign, plan_by_hash, plan_by_time

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Splitting:
    """The split of every example, and what was found on the way."""

    codes: "Codes"
    is_stratified: bool
    num_moved_for_leaks: int
    num_chained: int
    tallies: tuple[LeakTally, ...]
    goldens: tuple[GoldenOverlap, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """What asks the same in two places."""

    groups: leaks.Groups
    exact: leaks.Pairs
    golden: leaks.Pairs
    near: leaks.Pairs
    texts: tuple[leaks.GoldenTexts, ...]
    goldens: tuple[Golden, ...]

    @property
    def of_golden(self) -> tuple[leaks.Pairs, leaks.Pairs]:
        return self.golden, self.near


def split_examples(
    inputs: PrepareInputs, dataset: Dataset, facts: Facts, source: Path, draft: Path, context: StageContext
) -> Splitting:
    """Give every example its split, and write `leaks.parquet` into the draft.

    Raises:
        InvalidRequestError: the splits cannot be made as asked: by time, or by the source.
    """
    planned = _plan(inputs, dataset, facts, context)
    found = _look(inputs, facts, planned, source, context)
    assignment, num_chained = _assign(inputs, facts, planned, found)
    codes = assignment.splits
    if inputs.leak_policy == "drop":
        codes = leaks.leave_out(codes, leaks.group(facts.texts, codes), found.near)
    codes = leaks.leave_out_golden(codes, found.groups, found.of_golden)
    tallies = _write_leaks(found, planned, codes, source, draft, context)
    overlaps = overlaps_of(found.goldens, found.texts, found.of_golden, len(facts))
    return Splitting(codes, assignment.is_stratified, assignment.num_moved_for_leaks, num_chained, tallies, overlaps)


def _plan(inputs: PrepareInputs, dataset: Dataset, facts: Facts, context: StageContext) -> "Codes":
    if inputs.use_source_splits:
        return plan_by_source(dataset, facts, inputs.shares, context)
    if inputs.time_by is not None:
        return plan_by_time(facts, inputs.shares, inputs.time_by)
    return plan_by_hash(facts, inputs.shares)


def _look(inputs: PrepareInputs, facts: Facts, planned: "Codes", source: Path, context: StageContext) -> _Found:
    import numpy as np

    goldens, texts = read_goldens(context)
    groups = leaks.group(facts.texts, planned)
    nothing = np.empty(0, dtype=np.int64)
    near = leaks.Pairs(nothing, nothing, np.empty(0, dtype=np.float32))
    if inputs.leak_check == "near":
        scratch = context.shelf.draft() / "words"
        near = leaks.find_near(_texts(source, context), texts, groups, planned, context.similarity, scratch)
    exact = leaks.find_exact(groups, planned)
    return _Found(groups, exact, leaks.find_golden(texts, facts.texts, len(facts)), near, texts, goldens)


def _texts(source: Path, context: StageContext) -> Iterator[str]:
    for batch in context.tables.read(source, Asked):
        for one in batch:
            yield asked_text(one.messages, one.text)


def _assign(inputs: PrepareInputs, facts: Facts, planned: "Codes", found: _Found) -> tuple[Assignment, int]:
    import numpy as np

    grouped = [equal_links(facts.groups)] if facts.groups is not None else []
    anchored = np.concatenate([planned, *(np.full(len(one.texts), one.code, np.uint8) for one in found.texts)])
    num_chained = 0
    if inputs.leak_policy == "move":
        sure = [*grouped, equal_links(facts.texts), found.golden.links]
        bundles, num_chained = bundle(anchored, sure, found.near.links)
    else:
        bundles, _ = bundle(anchored, grouped, (anchored[:0], anchored[:0]))
    anchors = np.full(len(anchored), OUT, dtype=np.uint8)
    np.minimum.at(anchors, bundles[len(facts) :], anchored[len(facts) :])
    own = bundles[: len(facts)]
    should_fill = inputs.time_by is None and not inputs.use_source_splits
    assignment = assign(planned, facts, inputs.shares, bundles=own, anchors=anchors[own], should_fill=should_fill)
    return assignment, num_chained


def _write_leaks(
    found: _Found, planned: "Codes", final: "Codes", source: Path, draft: Path, context: StageContext
) -> tuple[LeakTally, ...]:
    """Count all leaks and list the first of each kind."""
    import numpy as np

    names = [*CODES, *(f"golden {one.name}" for one in found.texts)]
    num_goldens = len(found.texts)
    places = [np.full(len(one.texts), place - num_goldens, np.int16) for place, one in enumerate(found.texts)]
    codes = np.concatenate([planned.astype(np.int16), *places])
    of_kind: dict[LeakKind, list[leaks.Pairs]] = {
        "exact": [leaks.across(found.exact, codes), leaks.across(found.golden, codes)],
        "near": [leaks.across(found.near, codes)],
    }
    tallies = tuple(
        tally for kind, parts in of_kind.items() for part in parts for tally in leaks.tally(kind, part, names, codes)
    )
    listed = [
        (kind, one, other, similarity)
        for kind, parts in of_kind.items()
        for part in parts
        for one, other, similarity in zip(
            part.one[: leaks.MAX_LISTED].tolist(),
            part.other[: leaks.MAX_LISTED].tolist(),
            part.similarity[: leaks.MAX_LISTED].tolist(),
            strict=True,
        )
    ]
    shown = _shown(
        {number for _, one, other, _ in listed for number in (one, other)}, found, len(planned), source, context
    )
    with context.tables.write(draft / "leaks.parquet", leaks.Leak) as rows:
        for kind, one, other, similarity in listed:
            rows.add([_leak(kind, one, other, similarity, shown, names, codes, planned, final)])
    return tallies


def _leak(
    kind: LeakKind,
    one: int,
    other: int,
    similarity: float,
    shown: "dict[int, tuple[str, str, int]]",
    names: Sequence[str],
    codes: "NDArray[np.int16]",
    planned: "Codes",
    final: "Codes",
) -> leaks.Leak:
    other_id, other_excerpt, _ = shown[one]
    own_id, excerpt, row = shown[other]
    return leaks.Leak(
        kind=kind,
        similarity=round(similarity, 4),
        id=own_id,
        split=names[codes[other]],
        other_id=other_id,
        other_split=names[codes[one]],
        excerpt=excerpt,
        other_excerpt=other_excerpt,
        source_row=row,
        action=leaks.action(int(final[other]), int(planned[other])),
    )


def _shown(
    numbers: set[int], found: _Found, count: int, source: Path, context: StageContext
) -> dict[int, tuple[str, str, int]]:
    """Id, excerpt and source row of these examples and golden texts."""
    shown: dict[int, tuple[str, str, int]] = {}
    number = count
    for golden in found.texts:
        for golden_id, text in zip(golden.ids, golden.texts, strict=True):
            if number in numbers:
                shown[number] = golden_id, leaks.excerpt(text), -1
            number += 1
    if not any(wanted < count for wanted in numbers):
        return shown
    number = 0
    for batch in context.tables.read(source, Asked):
        for one in batch:
            if number in numbers:
                shown[number] = one.id, leaks.excerpt(asked_text(one.messages, one.text)), one.source_row
            number += 1
    return shown
