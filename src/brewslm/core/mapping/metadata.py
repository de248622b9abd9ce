"""What is kept of a record beside its content."""

from typing import Any

from brewslm.core.value import canonical_json

MAX_VALUE_CHARACTERS = 512
MAX_CHARACTERS = 4096
SPLIT = "split"


def metadata_of(record: dict[str, Any], used: frozenset[str], split: str | None = None) -> str | None:
    """Spell the scalar columns that no role uses as a canonical JSON object; None where there are none.

    Values longer than 512 characters are left out, and in order of name what comes after 4,096 characters are full.
    The split that the source itself names is kept as `split`.
    """
    if split is None and used.issuperset(record):
        return None
    kept: dict[str, Any] = {} if split is None else {SPLIT: split}
    room = MAX_CHARACTERS
    for name in sorted(record.keys() - used):
        value = record[name]
        if not isinstance(value, str | int | float):
            continue
        size = len(name) + (len(value) if isinstance(value, str) else len(repr(value)))
        if size <= MAX_VALUE_CHARACTERS and size <= room:
            kept.setdefault(name, value)
            room -= size
    return canonical_json(kept) if kept else None
