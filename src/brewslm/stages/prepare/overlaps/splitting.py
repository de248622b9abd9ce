"""From facts to splits: plan, look for leaks, and do with them what the policy says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import GoldenOverlap, LeakKind, LeakTally
from brewslm.core.context import StageContext
from brewslm.core.data.asked import Asked, asked_text
from brewslm.core.overlap.near import NearTexts
from brewslm.stages.prepare.contract import PrepareInputs
from brewslm.stages.prepare.overlaps import leaks
from brewslm.stages.prepare.overlaps.goldens import overlaps_of, read_goldens
from brewslm.stages.prepare.placing.bundles import bundle, equal_links
from brewslm.stages.prepare.placing.facts import Facts
from brewslm.stages.prepare.placing.source_splits import plan_by_source
from brewslm.stages.prepare.placing.splits import CODES, OUT, Assignment, assign, plan_by_hash, plan_by_time

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
class Source:
    """The examples that are to be split."""

    dataset: Dataset
    path: Path
    facts: Facts
    context: StageContext

    def asked(self) -> Iterator[Asked]:
        """Yield what each example asks, in order."""
        for batch in self.context.tables.read(self.path, Asked):
            yield from batch


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


def split_examples(inputs: PrepareInputs, source: Source, draft: Path) -> Splitting:
    """Give every example its split, and write `leaks.parquet` into the draft.

    Raises:
        InvalidRequestError: the splits cannot be made as asked: by time, or by the source.
    """
    facts = source.facts
    planned = _plan(inputs, source)
    found = _look(inputs, source, planned)
    assignment, num_chained = _assign(inputs, facts, planned, found)
    codes = assignment.splits
    if inputs.leak_policy == "drop":
        codes = leaks.leave_out(codes, leaks.group(facts.texts, codes), found.near)
    codes = leaks.leave_out_golden(codes, found.groups, found.of_golden)
    tallies = _write_leaks(found, (planned, codes), source, draft)
    overlaps = overlaps_of(found.goldens, found.texts, found.of_golden, len(facts))
    return Splitting(codes, assignment.is_stratified, assignment.num_moved_for_leaks, num_chained, tallies, overlaps)


def _plan(inputs: PrepareInputs, source: Source) -> "Codes":
    if inputs.use_source_splits:
        return plan_by_source(source.dataset, source.facts, inputs.shares, source.context)
    if inputs.time_by is not None:
        return plan_by_time(source.facts, inputs.shares, inputs.time_by)
    return plan_by_hash(source.facts, inputs.shares)


def _look(inputs: PrepareInputs, source: Source, planned: "Codes") -> _Found:
    import numpy as np

    facts, context = source.facts, source.context
    goldens, texts = read_goldens(context)
    groups = leaks.group(facts.texts, planned)
    nothing = np.empty(0, dtype=np.int64)
    near = leaks.Pairs(nothing, nothing, np.empty(0, dtype=np.float32))
    if inputs.leak_check == "near":
        index = NearTexts(context.similarity, context.shelf.draft() / "words")
        said = (asked_text(one.messages, one.text) for one in source.asked())
        near = leaks.find_near(said, texts, groups, planned, index)
    exact = leaks.find_exact(groups, planned)
    return _Found(groups, exact, leaks.find_golden(texts, facts.texts, len(facts)), near, texts, goldens)


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
    found: _Found, codes_before_and_after: "tuple[Codes, Codes]", source: Source, draft: Path
) -> tuple[LeakTally, ...]:
    """Count all leaks and list the first of each kind."""
    import numpy as np

    planned, final = codes_before_and_after
    names = [*CODES, *(f"golden {one.name}" for one in found.texts)]
    places = [np.full(len(one.texts), place - len(found.texts), np.int16) for place, one in enumerate(found.texts)]
    codes = np.concatenate([planned.astype(np.int16), *places])
    parts: list[tuple[LeakKind, leaks.Pairs]] = [
        ("exact", leaks.across(found.exact, codes)),
        ("exact", leaks.across(found.golden, codes)),
        ("near", leaks.across(found.near, codes)),
    ]
    listed = [(kind, *pair) for kind, pairs in parts for pair in pairs.first(leaks.MAX_LISTED)]
    shown = _shown({number for _, one, other, _ in listed for number in (one, other)}, found, source)
    with source.context.tables.write(draft / "leaks.parquet", leaks.Leak) as rows:
        for kind, one, other, similarity in listed:
            own, against = shown[other], shown[one]
            leak = leaks.Leak(
                kind=kind,
                similarity=round(similarity, 4),
                id=own.id,
                split=names[codes[other]],
                other_id=against.id,
                other_split=names[codes[one]],
                excerpt=own.excerpt,
                other_excerpt=against.excerpt,
                source_row=own.source_row,
                action=leaks.action(int(final[other]), int(planned[other])),
            )
            rows.add([leak])
    return tuple(tally for kind, pairs in parts for tally in leaks.tally(kind, pairs, names, codes))


@dataclass(frozen=True, slots=True)
class _Shown:
    id: str
    excerpt: str
    source_row: int


def _shown(numbers: set[int], found: _Found, source: Source) -> dict[int, _Shown]:
    """Id, excerpt and source row of these examples and golden texts."""
    count = len(source.facts)
    shown: dict[int, _Shown] = {}
    golden_texts = (pair for golden in found.texts for pair in zip(golden.ids, golden.texts, strict=True))
    for number, (golden_id, text) in enumerate(golden_texts, start=count):
        if number in numbers:
            shown[number] = _Shown(golden_id, leaks.excerpt(text), -1)
    if any(wanted < count for wanted in numbers):
        for number, one in enumerate(source.asked()):
            if number in numbers:
                text = leaks.excerpt(asked_text(one.messages, one.text))
                shown[number] = _Shown(one.id, text, one.source_row)
    return shown
