"""Rules that write the same text in a plainer way. Each is switched on by its name."""

import html
import re
import unicodedata
from collections.abc import Callable

from brewslm.core.artifacts.cleaning import NORMALISATION_RULES, NormalisationRule

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_END = re.compile(r"\r\n?|\u2028|\u2029|\x85")
_MANY_BLANK_LINES = re.compile(r"\n{4,}")
_QUOTES = {**dict.fromkeys(range(0x2018, 0x201C), "'"), **dict.fromkeys(range(0x201C, 0x2020), '"')}


def _mojibake(text: str) -> str:
    """Undo a wrong decoding, where ftfy is sure of it."""
    if text.isascii():
        return text
    import ftfy

    return str(ftfy.fix_encoding(text))


def _html_entities(text: str) -> str:
    """`&amp;` and `&#39;` become what they stand for."""
    return html.unescape(text) if "&" in text else text


def _unicode_nfc(text: str) -> str:
    """Letters and their accents become one sign (Unicode NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _control_characters(text: str) -> str:
    """C0 and C1 control characters go; tab and line ends stay."""
    return _CONTROL.sub("", text)


def _zero_width(text: str) -> str:
    """Invisible signs and those that turn the direction go; the joiners that emoji, Persian and Hindi need stay."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def _whitespace(text: str) -> str:
    """One kind of space and of line end, no spaces at ends of lines, no more than two blank lines; indents stay."""
    plain = _LINE_END.sub("\n", text)
    plain = plain if plain.isascii() else _ODD_SPACE.sub(" ", plain)
    plain = "\n".join(line.rstrip(" \t") for line in plain.split("\n"))
    return _MANY_BLANK_LINES.sub("\n\n\n", plain)


def _smart_quotes(text: str) -> str:
    """Typographic quotes become straight ones."""
    return text if text.isascii() else text.translate(_QUOTES)


_RULES: dict[NormalisationRule, Callable[[str], str]] = {
    "mojibake": _mojibake,
    "html_entities": _html_entities,
    "unicode_nfc": _unicode_nfc,
    "control_characters": _control_characters,
    "zero_width": _zero_width,
    "whitespace": _whitespace,
    "smart_quotes": _smart_quotes,
}


def normalised_by(text: str, rule: NormalisationRule) -> str:
    """Return the text as the rule writes it."""
    return _RULES[rule](text)


def in_order(rules: tuple[NormalisationRule, ...]) -> tuple[NormalisationRule, ...]:
    """Return the rules in the order in which they are applied: encoding first, typography last."""
    return tuple(rule for rule in NORMALISATION_RULES if rule in rules)


def difference(before: str, after: str, reach: int = 40) -> tuple[str, str]:
    """Return excerpts of both around the first place where they differ."""
    first = next((place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    place = min(len(before), len(after)) if first is None else first
    begin = max(0, place - reach // 2)
    return before[begin : begin + reach], after[begin : begin + reach]
