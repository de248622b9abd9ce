"""Placeholders in the place of personal data: the same value has the same one within an example."""

import re
from collections.abc import Callable, Iterable, Sequence

from brewslm.stages.clean.pii.spans import Kind, Span

_PLACEHOLDER = re.compile(r"<([A-Z_]+)_(\d{1,6})>")


class Placeholders:
    """Numbers the values of one example, from 1 for each kind, in the order in which they come.

    The numbers begin anew with each example: a count over the dataset would say which examples are about one person.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Begin after the numbers of placeholders that the example holds already."""
        self._numbers: dict[tuple[Kind, str], int] = {}
        self._last: dict[str, int] = {}
        for text in texts:
            for found in _PLACEHOLDER.finditer(text) if "<" in text else ():
                self._last[found[1]] = max(self._last.get(found[1], 0), int(found[2]))

    def redacted(self, text: str, spans: Sequence[Span]) -> str:
        """Return the text with each span replaced, such as by `<EMAIL_1>`."""
        parts, done = [], 0
        for span in spans:
            parts += [text[done : span.start], self._of(span.kind, text[span.start : span.end])]
            done = span.end
        return "".join([*parts, text[done:]])

    def _of(self, kind: Kind, value: str) -> str:
        key = (kind, _plain(kind, value))
        name = kind.upper()
        if key not in self._numbers:
            self._last[name] = self._last.get(name, 0) + 1
            self._numbers[key] = self._last[name]
        return f"<{name}_{self._numbers[key]}>"


def _plain(kind: Kind, value: str) -> str:
    """The value without what may be written either way: case and the spaces, dots and dashes in numbers."""
    if kind == "secret":
        return value
    if kind in {"phone", "iban", "card", "national_id"}:
        return "".join(filter(str.isalnum, value)).casefold()
    return value.casefold()


Detector = Callable[[str], list[Span]]
"""Finds personal data in a text, without overlaps, in order."""
