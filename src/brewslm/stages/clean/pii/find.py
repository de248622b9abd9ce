"""All detectors over one text."""

import re
from collections.abc import Callable, Collection, Iterator

from brewslm.stages.clean.pii.money import cards, ibans
from brewslm.stages.clean.pii.national import national_ids
from brewslm.stages.clean.pii.network import addresses, emails
from brewslm.stages.clean.pii.phones import phones
from brewslm.stages.clean.pii.secrets import secrets
from brewslm.stages.clean.pii.spans import KINDS, Kind, Span, apart

_NUMBERED: tuple[tuple[Kind, Callable[[str], Iterator[Span]]], ...] = (
    ("iban", ibans),
    ("card", cards),
    ("national_id", national_ids),
    ("phone", phones),
)
_ANYWHERE: tuple[tuple[Kind, Callable[[str], Iterator[Span]]], ...] = (
    ("secret", secrets),
    ("email", emails),
    ("ip", addresses),
)
_ENOUGH_DIGITS = re.compile(r"\d(?:(?:[A-Za-z]|[^\w\n]{0,4})\d){5}")
"""No number of a person has fewer than six digits, apart only by signs or (in an Italian code) by single letters."""


def find(text: str, kinds: Collection[Kind] = KINDS) -> list[Span]:
    """Return what is found of these kinds, in order of place, without overlaps. Time grows with the length only."""
    detectors = _ANYWHERE + (_NUMBERED if _ENOUGH_DIGITS.search(text) else ())
    found = apart(span for _, detector in detectors for span in detector(text))
    return [span for span in found if span.kind in kinds]
