"""Chats as tokens and tokens as text, by the model's own template. Control tokens that a message spells are text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from brewslm.core.data.example import Example, Message, chat_of
from brewslm.core.errors import BaseModelError
from brewslm.core.tokens.control import ControlTokens
from brewslm.serving.failure import BadRequestError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Prompts:
    """Spells prompts for one model."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        """Read the control tokens."""
        self._tokenizer: Any = tokenizer
        inner = self._tokenizer.backend_tokenizer
        self._control = ControlTokens(inner, inner.to_str())

    def of_chat(self, messages: Sequence[Message]) -> list[int]:
        """Tokens of a conversation in which the assistant is about to speak.

        Raises:
            BadRequestError: the template refuses it.
        """
        said = Example(id="", task="chat", messages=tuple(messages))
        if not self._control.are_in(said):
            return self.of_text(self._rendered(said))
        try:
            twin = self._control.twin_for(said)
        except BaseModelError as error:
            raise BadRequestError(str(error), param="messages") from error
        ids: list[int] = twin.tokenizer.encode(
            twin.swap(self._rendered(twin.disguise(said))), add_special_tokens=False
        ).ids
        return ids

    def of_text(self, text: str) -> list[int]:
        """Tokens of a text as it stands."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def spell(self, token: int) -> str:
        """The text of one token."""
        return self._decoded([token], is_special_shown=True)

    def text_of(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without special ones."""
        return self._decoded(tokens, is_special_shown=False)

    def _decoded(self, tokens: Sequence[int], *, is_special_shown: bool) -> str:
        decoded = self._tokenizer.decode(
            list(tokens), skip_special_tokens=not is_special_shown, clean_up_tokenization_spaces=False
        )
        return decoded if isinstance(decoded, str) else "".join(decoded)

    def _rendered(self, said: Example) -> str:
        from jinja2 import TemplateError

        if self._tokenizer.chat_template is None:
            raise BadRequestError("this model has no chat template; use /v1/completions", code="no_chat_template")
        plain = chat_of(said.messages)
        try:
            return str(self._tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True))
        except TemplateError as error:
            message = f"the model's chat template refuses this conversation: {error}"
            raise BadRequestError(message, param="messages") from error
