"""The base model's tokenizer and template, loaded from its folder."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brewslm.core.data.example import Shape
from brewslm.core.errors import BaseModelError
from brewslm.stages.prepare.template import ChatTemplate, read_template

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class ChatTokenizer:
    """What turns messages into tokens."""

    tokenizer: "Tokenizer"
    template: ChatTemplate
    turn_ends: frozenset[int]
    """Ids of tokens that can end a turn: the end-of-sequence tokens and all special ones but that of the unknown."""
    trains_all_turns: bool
    """Whether every turn of the assistant is trained; for classification only the last one is."""
    tokenizer_hash: str
    template_hash: str


def load_tokenizer(folder: Path, shape: Shape) -> ChatTokenizer:
    """Load `tokenizer.json` and the chat template, for examples of `shape`.

    Raises:
        BaseModelError: a file is missing or damaged.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.exists():
        raise BaseModelError(
            f"The base model {folder.name!r} has no tokenizer.json. Choose one that has a fast tokenizer."
        )
    data = path.read_bytes()
    try:
        tokenizer = Tokenizer.from_str(data.decode())
    except Exception as error:
        raise BaseModelError(f"{str(path)!r} cannot be read: {error}. Get the model again.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    template = read_template(folder)
    return ChatTokenizer(
        tokenizer,
        template,
        _turn_ends(tokenizer, template, folder),
        trains_all_turns=shape != "classification",
        tokenizer_hash=hashlib.sha256(data).hexdigest(),
        template_hash=hashlib.sha256(template.source.encode()).hexdigest(),
    )


def _turn_ends(tokenizer: "Tokenizer", template: ChatTemplate, folder: Path) -> frozenset[int]:
    special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    unknown = {template.special_tokens.get("unk_token"), getattr(tokenizer.model, "unk_token", None)}
    special -= {tokenizer.token_to_id(token) for token in unknown if token is not None}
    named = tokenizer.token_to_id(template.special_tokens.get("eos_token", ""))
    return frozenset(special | ({named} if named is not None else set()) | _generation_ends(folder))


def _generation_ends(folder: Path) -> set[int]:
    path = folder / "generation_config.json"
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.exists() else None
    except ValueError as error:
        raise BaseModelError(f"{str(path)!r} is not JSON: {error}. Get the model again.") from error
    numbers = found if isinstance(found, list) else [found]
    return {number for number in numbers if isinstance(number, int)}
