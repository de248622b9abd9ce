"""What names of columns suggest. A name is evidence, not proof: every reading is tried on the rows."""

import re

from brewslm.core.data.example import Shape
from brewslm.stages.introspect.words import DOCUMENT_METADATA, LANGUAGES, METADATA, WORDS

STRONG, WEAK, NONE = 1.0, 0.9, 0.6
"""How much a name says for a role: it is the word for it, a word near it, or says nothing."""

_CARRIES_MEANING = frozenset(
    {"tools", "functions", "chosen", "rejected", "image", "images", "audio", "history", "choices", "options"}
)
_DESCRIBES = frozenset({"classification.text", "classification.label", "system"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")
_NUMBERED = re.compile(r"^(.*?[^\W\d_])[ _-]?\d{1,2}$")


def name_evidence(column: str, role: str) -> float:
    """How much the name of a column says for a role such as `qa.prompt`; of a path the last key counts."""
    strong, weak = WORDS[role]
    name = plain(column)
    if name in strong:
        return STRONG
    numbered = _NUMBERED.match(name)
    if numbered is not None and numbered.group(1) in strong:
        return STRONG
    return WEAK if name in weak or words_of(column) & (strong | weak) else NONE


def plain(column: str) -> str:
    """The last key of a path, in lower case; positions of a list are left out."""
    steps = [step for step in column.split(".") if not step.isdecimal()]
    return (steps[-1] if steps else column).strip().lower()


def is_named_otherwise(column: str, *roles: str) -> bool:
    """Whether a name is the very word for a role other than these."""
    name = plain(column)
    return any(name in strong for role, (strong, _) in WORDS.items() if role not in roles)


def matters(column: str, shape: Shape) -> bool:
    """Whether a reading as `shape` that leaves this column out loses part of what a row says.

    Beside a conversation a text column is most often a copy of one of its turns.
    """
    name = plain(column)
    if any(step.strip().lower() in _CARRIES_MEANING for step in column.split(".")):
        return True
    if shape in {"chat", "preference"}:
        return shape == "preference" and name in WORDS["prompt_completion.completion"][0]
    return any(name in strong for role, (strong, _) in WORDS.items() if role not in _DESCRIBES)


def is_metadata(column: str) -> bool:
    """Whether a name belongs to what describes a row, rather than to what it says."""
    steps = {step.strip().lower() for step in column.split(".")}
    return bool(steps & METADATA) or bool(words_of(plain_case(column)) & {"id", "uuid", "url", "timestamp", "date"})


def is_document_metadata(column: str) -> bool:
    """Whether a name belongs to what describes a document."""
    return plain(column) in DOCUMENT_METADATA


def language_of(column: str) -> str | None:
    """The language that a name tells: `de`, `text_de`, `deu_Latn` or `german`."""
    name = plain(column)
    if name in LANGUAGES:
        return LANGUAGES[name]
    parts = re.split(r"[_\-. ]", name)
    return next((LANGUAGES[part] for part in (parts[-1], parts[0]) if part in LANGUAGES), None)


def plain_case(column: str) -> str:
    """The last key of a path, as it is written."""
    steps = [step for step in column.split(".") if not step.isdecimal()]
    return steps[-1] if steps else column


def words_of(column: str) -> frozenset[str]:
    """The words of a name in snake, kebab or camel case, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(plain_case(column)) if len(word) > 1)
