"""A sample as the readings see it: its records, its columns, and candidates with what speaks for them."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile
from brewslm.core.artifacts.transforms import Transform
from brewslm.core.data.example import Shape
from brewslm.core.mapping.convert import COLUMN_ROLES
from brewslm.core.mapping.paths import value_at
from brewslm.stages.introspect.content import Manner, manner_of
from brewslm.stages.introspect.names import NONE, STRONG, is_metadata, is_named_otherwise, matters, name_evidence

HEAVY, LIGHT = 0.6, 0.15
"""How much evidence falls where a reading leaves out all columns that matter, or all others."""
WEIGHTY_FILL = 0.5
"""Columns that are filled more rarely do not count as left out."""

_NUMBER = re.compile(r"\s*[-+]?[\d.,]*\d%?\s*")

Vocabulary = Callable[[str], tuple[Counter[str], int]]
"""Counts the labels of a column over the whole snapshot, and the rows that have one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reading to try."""

    shape: Shape
    columns: ColumnMap
    evidence: float
    """What the columns say for it, from 0 to 1."""
    notes: tuple[str, ...]
    transforms: tuple[Transform, ...] = ()
    mapper: str | None = None


@dataclass(slots=True)
class View:
    """The readable records of a sample, and what is known of their columns."""

    records: Sequence[dict[str, Any]]
    profiles: Sequence[ColumnProfile]
    vocabulary: Vocabulary
    format: str = ""
    with_marks: set[str] = field(default_factory=set)
    """Texts that hold turns behind speakers' marks, and so are no plain texts."""
    _manners: dict[str, Manner] = field(default_factory=dict)
    _texts: list[ColumnProfile] | None = None
    _weighty: list[str] | None = None
    _by_name: dict[str, ColumnProfile] = field(default_factory=dict)

    @property
    def texts(self) -> list[ColumnProfile]:
        """Columns whose values are mostly texts; numbers spelled as texts are, where the name tells a role."""
        if self._texts is None:
            told = [p for p in self.profiles if is_text(p)]
            self._texts = [p for p in told if is_named_otherwise(p.name) or not self._are_numbers(p.name)]
        return self._texts

    def _are_numbers(self, column: str) -> bool:
        return all(_NUMBER.fullmatch(text) for text in self.strings(column))

    def values(self, column: str) -> list[Any]:
        """All values of a column that are there."""
        found = (value_at(record, column) for record in self.records)
        return [value for value in found if value is not None and value != ""]

    def strings(self, column: str) -> list[str]:
        """All texts of a column."""
        return [value for value in self.values(column) if isinstance(value, str)]

    def manner(self, column: str) -> Manner:
        """How the texts of a column speak."""
        if column not in self._manners:
            self._manners[column] = manner_of(self.strings(column))
        return self._manners[column]

    def named(self, role: str, *, without: Sequence[str | None] = ()) -> str | None:
        """The first column whose name is the very word for a role."""
        fitting = (p.name for p in self.profiles if p.name not in without and p.fill_rate > 0.0)
        return next((name for name in fitting if name_evidence(name, role) == STRONG), None)

    def best(
        self, role: str, *, among: Sequence[ColumnProfile] | None = None, without: Sequence[str | None] = ()
    ) -> tuple[str, float] | None:
        """The column whose name says most for a role; the first of equals."""
        scored = [
            (p.name, name_evidence(p.name, role))
            for p in (self.texts if among is None else among)
            if p.name not in without
        ]
        return max(scored, key=lambda pair: pair[1], default=None)

    def left_out(self, columns: ColumnMap, transforms: Sequence[Transform] = ()) -> list[str]:
        """Columns that say something and that a mapping does not read."""
        used = {name for role in COLUMN_ROLES if (name := getattr(columns, role)) is not None}
        used |= {step.column for step in transforms if hasattr(step, "column")}
        texts = {profile.name for profile in self.texts}
        tops = {name.split(".", 1)[0] for name in used if "." in name}
        return [
            name
            for name in self.weighty()
            if not _is_part(name, used) and (name in texts or name.split(".", 1)[0] not in tops)
        ]

    def weighty(self) -> list[str]:
        """Columns that say something; an object is told by what it holds."""
        if self._weighty is None:
            filled = [p for p in self.profiles if p.fill_rate >= WEIGHTY_FILL and is_told(p)]
            self._weighty = [p.name for p in filled if not is_metadata(p.name)]
        return self._weighty

    def weighed(
        self,
        shape: Shape,
        columns: ColumnMap,
        evidence: float,
        notes: Sequence[str],
        transforms: tuple[Transform, ...] = (),
        *,
        said: Sequence[str] = (),
    ) -> Candidate:
        """A candidate whose evidence is lowered for what it leaves out; what `said` names is told by others."""
        left_out = [name for name in self.left_out(columns, transforms) if name not in said]
        if left_out:
            notes = (*notes, f"leaves out {', '.join(map(repr, left_out[:5]))}")
        cost = sum(self._cost(name, shape) for name in left_out) / max(1, len(self.weighty()))
        return Candidate(shape, columns, max(0.0, evidence * (1 - cost)), tuple(notes), transforms)

    def _profile(self, name: str) -> ColumnProfile:
        if not self._by_name:
            self._by_name.update((profile.name, profile) for profile in self.profiles)
        return self._by_name[name]

    def _cost(self, name: str, shape: Shape) -> float:
        profile = self._profile(name)
        is_verdict = set(profile.types) <= {"boolean", "null"} and name_evidence(name, "binary_feedback.label") > NONE
        return HEAVY if matters(name, shape) or is_verdict else LIGHT


def _is_part(name: str, used: set[str]) -> bool:
    """Whether a column is read, is in one that is read, or holds one."""
    return any(name == one or name.startswith(f"{one}.") or one.startswith(f"{name}.") for one in used)


def told(found: tuple[str, float], role: str) -> str:
    """A note on a column and what speaks for it."""
    how = "by its name" if found[1] > NONE else "by its content"
    return f"{found[0]!r} as {role}, {how}"


def is_text(profile: ColumnProfile) -> bool:
    """Whether a column holds mostly texts, and is no metadata by its name."""
    return share_of(profile, "string") > 0.5 and not is_metadata(profile.name)


def is_told(profile: ColumnProfile) -> bool:
    """Whether a column stands for itself: an object does not, for what is in it has columns of its own."""
    return share_of(profile, "object") < 0.5


def share_of(profile: ColumnProfile, *types: str) -> float:
    """The share of these types among the values that are there."""
    seen = sum(profile.types.values()) - profile.types.get("null", 0)
    return sum(profile.types.get(name, 0) for name in types) / seen if seen else 0.0
