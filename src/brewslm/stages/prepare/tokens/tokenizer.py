"""The base model's tokenizer and template, loaded from its folder."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brewslm.core.data.example import TEXT_SHAPES, Shape
from brewslm.core.errors import BaseModelError
from brewslm.core.tokens.control import ControlTokens
from brewslm.stages.prepare.tokens.template import ChatTemplate, read_template

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class ChatTokenizer:
    """What turns messages into tokens."""

    tokenizer: "Tokenizer"
    template: ChatTemplate
    turn_ends: frozenset[int]
    """Ids of tokens that can end a turn: the end-of-sequence tokens and all special ones but that of the unknown."""
    named_ends: frozenset[int]
    """Those of them that the model's settings name as end of sequence."""
    eos: int | None
    """The token that ends a text."""
    control: ControlTokens
    trains_all_turns: bool
    """Whether every turn of the assistant is trained; for classification and feedback only the last one is."""
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
    template = read_template(folder, is_needed=shape not in TEXT_SHAPES)
    eos = tokenizer.token_to_id(template.special_tokens.get("eos_token", ""))
    named = frozenset(_generation_ends(folder) | ({eos} if eos is not None else set()))
    return ChatTokenizer(
        tokenizer,
        template,
        named | _special_ends(tokenizer, template),
        named,
        eos if eos is not None else min(named, default=None),
        ControlTokens(tokenizer, data.decode()),
        trains_all_turns=shape not in {"classification", "binary_feedback"},
        tokenizer_hash=hashlib.sha256(data).hexdigest(),
        template_hash=hashlib.sha256(template.source.encode()).hexdigest(),
    )


def _special_ends(tokenizer: "Tokenizer", template: ChatTemplate) -> frozenset[int]:
    special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    unknown = {template.special_tokens.get("unk_token"), getattr(tokenizer.model, "unk_token", None)}
    return frozenset(special - {tokenizer.token_to_id(token) for token in unknown if token is not None})


def _generation_ends(folder: Path) -> set[int]:
    path = folder / "generation_config.json"
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.exists() else None
    except ValueError as error:
        raise BaseModelError(f"{str(path)!r} is not JSON: {error}. Get the model again.") from error
    numbers = found if isinstance(found, list) else [found]
    return {number for number in numbers if isinstance(number, int)}
