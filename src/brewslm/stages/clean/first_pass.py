"""What is decided example by example: changes, personal data, quality, chunks, exact duplicates."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from brewslm.core.artifacts.cleaning import CleaningPlan
from brewslm.core.data.cleaning import Change, PiiFind, Removal
from brewslm.core.data.example import Example
from brewslm.core.ports.tables import Rows
from brewslm.core.value import canonical_json
from brewslm.stages.clean.account import Account, excerpt
from brewslm.stages.clean.chunks import Chunk, chunk
from brewslm.stages.clean.exact import ExactDuplicates
from brewslm.stages.clean.mending import Mender
from brewslm.stages.clean.quality import Judge
from brewslm.stages.clean.texts import identity_of, text_of
from brewslm.stages.clean.units import unit_starts


@dataclass(frozen=True, slots=True)
class Lists:
    """The tables that say what became of which example."""

    removed: Rows[Removal]
    changes: Rows[Change]
    finds: Rows[PiiFind]


class FirstPass:
    """Takes batch after batch, in the order of the dataset."""

    def __init__(self, plan: CleaningPlan, locate: Callable[[str], Path], account: Account) -> None:
        """Load what the rules need.

        Raises:
            InvalidRequestError: Presidio is asked for, and not installed.
            BaseModelError: the base model whose tokens count cannot be found.
        """
        self._plan, self._account = plan, account
        self._mender = Mender(plan)
        self._judge = Judge(plan.quality) if plan.quality.is_on else None
        self._starts = unit_starts(plan.chunks, locate) if plan.chunks is not None else None
        self._exact = ExactDuplicates()

    @property
    def num_conflicts(self) -> int:
        """Texts seen with more than one label."""
        return self._exact.num_conflicts

    def take(self, batch: list[Example], lists: Lists) -> list[Example]:
        """Return what is left of a batch; list and count the rest."""
        self._account.num_before += len(batch)
        good = [
            piece for example in batch if (left := self._mend_and_judge(example, lists)) for piece in self._cut(left)
        ]
        rows = self._exact.see(good)
        kept = []
        for example, row in zip(good, rows, strict=True):
            if row is None or not self._plan.exact_duplicates:
                kept.append(example)
            else:
                self._take_out(lists, removal_of(example, "exact_duplicate", kept_row=row))
        return kept

    def _mend_and_judge(self, example: Example, lists: Lists) -> Example | None:
        if self._mender.is_on:
            mended = self._mender.mend(example)
            self._account.mended(mended)
            lists.changes.add(mended.changes)
            lists.finds.add(mended.finds)
            example = mended.example
        failing = self._judge.failing(text_of(example)) if self._judge is not None else None
        if failing is None:
            return example
        removal = removal_of(example, failing.rule, measured=failing.measured, limit=failing.limit)
        if failing.note:
            removal = replace(removal, excerpt=f"[{failing.note}] {removal.excerpt}")
        self._take_out(lists, removal)
        return None

    def _take_out(self, lists: Lists, removal: Removal) -> None:
        self._account.took_out(removal)
        lists.removed.add([removal])

    def _cut(self, example: Example) -> Iterator[Example]:
        """The chunks of a text; an example of another kind as it is."""
        if self._plan.chunks is None or self._starts is None or example.text is None or example.messages:
            yield example
            return
        rule = self._plan.chunks
        chunks = chunk(example.text, self._starts(example.text), size=rule.size, overlap=rule.overlap)
        if len(chunks) <= 1:
            yield example
            return
        self._account.num_chunked += 1
        self._account.num_chunks += len(chunks)
        for number, place in enumerate(chunks):
            yield _piece(example, example.text, place, number, len(chunks))


def _piece(example: Example, text: str, cut: Chunk, number: int, count: int) -> Example:
    kept = json.loads(example.metadata) if example.metadata else {}
    place = {
        "of": example.id,
        "number": number,
        "count": count,
        "start": cut.start,
        "end": cut.end,
        "headings": list(cut.headings),
    }
    metadata = canonical_json({**(kept if isinstance(kept, dict) else {"kept": kept}), "chunk": place})
    piece = replace(example, text=text[cut.start : cut.end], metadata=metadata)
    return replace(piece, id=identity_of(piece))


def removal_of(
    example: Example,
    rule: str,
    *,
    kept_row: int | None = None,
    measured: float | None = None,
    limit: float | None = None,
) -> Removal:
    """Tell that an example was taken out."""
    return Removal(example.id, example.source_row, rule, kept_row, measured, limit, excerpt(text_of(example)))
