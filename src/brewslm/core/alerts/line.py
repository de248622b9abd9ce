"""Words for people: text from outside made harmless, so that it stays one line and steers no terminal; sizes."""

import unicodedata

_STEERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Characters that turn the direction of text, and the byte order mark."""


def harmless(text: str) -> str:
    """Show control, direction and surrogate characters as escapes, so that data cannot steer the terminal."""
    return "".join(
        character.encode("unicode_escape").decode("ascii") if _is_steering(character) else character
        for character in text.replace("\t", "    ")
    )


def _is_steering(character: str) -> bool:
    is_control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    return character in _STEERING or (is_control and character != "\n")


def one_line(text: str) -> str:
    """Make it harmless and fold all white space, so that it stays one line."""
    return harmless(" ".join(text.split()))


def excerpt(text: str, length: int) -> str:
    """One line of at most `length` characters; what was cut off is marked."""
    line = one_line(text)
    return line if len(line) <= length else line[: max(length - 1, 0)] + "…"


def size(num_bytes: float) -> str:
    """Spell a number of bytes for people."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= factor:
            return f"{num_bytes / factor:.1f} {unit}"
    return f"{num_bytes:.0f} B"
