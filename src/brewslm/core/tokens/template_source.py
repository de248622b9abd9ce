"""Which chat template of a model's folder counts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATE_FILE = "chat_template.jinja"


def template_source(folder: Path, tokenizer_config: Mapping[str, Any]) -> str | None:
    """Return the text of `chat_template.jinja`, else the default one of `tokenizer_config.json`; None without both."""
    file = folder / TEMPLATE_FILE
    if file.exists():
        return file.read_text(encoding="utf-8")
    found = tokenizer_config.get("chat_template")
    if isinstance(found, list):
        found = next((item.get("template") for item in found if item.get("name") == "default"), None)
    return found if isinstance(found, str) else None


def token_text(token: Any) -> str | None:  # noqa: ANN401 - a token is spelled as text or as object
    """Return how a token of `tokenizer_config.json` is spelled; None where it is not there."""
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None
