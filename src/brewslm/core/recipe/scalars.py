"""How a plain value is spelled as text."""

_WORDS: dict[str, bool] = {"true": True, "false": False}


def scalar(text: str) -> int | float | str | bool:
    """Read a value as the integer, number or truth that it spells, else as text. YAML takes 1e-3 for a text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
