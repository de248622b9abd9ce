"""A place in a text, and what is there."""

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass

from brewslm.core.artifacts.cleaning import PII_KINDS, PiiKind

Kind = PiiKind

KINDS = PII_KINDS

_SUREST_FIRST: tuple[Kind, ...] = (
    *("secret", "iban", "card", "email", "national_id", "ip", "phone"),
    *("person", "location", "other"),
)
_RANKS: dict[Kind, int] = {kind: rank for rank, kind in enumerate(_SUREST_FIRST)}


@dataclass(frozen=True, slots=True)
class Span:
    """A find: `text[start:end]` is of the kind."""

    start: int
    end: int
    kind: Kind
    detail: str
    """Which country's number, or which service's key."""
    is_checked: bool
    """Whether a check digit, a parser or a fixed shape says so, and not only the words around it."""


def apart(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order of place; where some overlap the surer kind stays, then the longer, the first."""
    kept: list[Span] = []
    starts: list[int] = []
    for span in sorted(spans, key=lambda one: (_RANKS[one.kind], one.start - one.end, one.start)):
        place = bisect(starts, span.start)
        is_free = (place == 0 or kept[place - 1].end <= span.start) and (
            place == len(kept) or span.end <= kept[place].start
        )
        if is_free:
            kept.insert(place, span)
            starts.insert(place, span.start)
    return kept
