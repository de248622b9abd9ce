"""The words before a find, which make a weak shape strong, or a strong one weak."""

import re

REACH = 40
"""So many characters before a find are looked at."""


def words(*alternatives: str) -> re.Pattern[str]:
    """Return a pattern for any of these words, in any case."""
    joined = "|".join(alternatives)
    return re.compile(rf"(?<![A-Za-z\u00c0-\u024f])(?:{joined})", re.IGNORECASE)


def stands_before(pattern: re.Pattern[str], text: str, start: int, reach: int = REACH) -> bool:
    """Whether one of the words stands shortly before `start`."""
    return pattern.search(text, max(0, start - reach), start) is not None


def last_word(patterns: tuple[re.Pattern[str], ...], text: str, start: int, reach: int = REACH) -> int | None:
    """Return the number of the pattern whose word stands nearest before `start`; None where there is none."""
    nearest: tuple[int, int] | None = None
    for number, pattern in enumerate(patterns):
        for found in pattern.finditer(text, max(0, start - reach), start):
            if nearest is None or found.end() > nearest[0]:
                nearest = (found.end(), number)
    return None if nearest is None else nearest[1]
