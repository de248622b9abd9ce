"""Chats as tokens, by the model's own template."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brewslm.core.data.example import Example, Message, chat_of
from brewslm.core.errors import BaseModelError
from brewslm.core.tokens.control import ControlTokens
from brewslm.worker.failure import BadOrderError

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Chat:
    """A tokenizer with its template, and the tokens that end an answer.

    Control tokens that a message spells are text here, as they are in what was prepared.
    """

    tokenizer: "PreTrainedTokenizerBase"
    stops: frozenset[int]
    control: ControlTokens

    def prompt_ids(self, messages: Sequence[Message], *, tools: str | None = None) -> list[int]:
        """Tokens of a conversation in which the assistant is about to speak.

        Args:
            messages: the conversation.
            tools: functions that it may call, a JSON array.

        Raises:
            BadOrderError: the template refuses it, or the tokenizer cannot keep a spelling in it text.
        """
        return self._ids(messages, tools, asks=True)

    def prompt_text(self, messages: Sequence[Message]) -> str | None:
        """The conversation as the template spells it; None where control tokens in it are to stay text.

        Raises:
            BadOrderError: the template refuses it.
        """
        said = Example(id="", task="chat", messages=tuple(messages))
        return None if self.control.are_in(said) else self._render(said, asks=True)

    def spelled_turns(self, messages: Sequence[Message]) -> str:
        """The conversation as the template spells it, with nobody about to speak.

        Raises:
            BadOrderError: the template refuses it.
        """
        return self._render(Example(id="", task="chat", messages=tuple(messages)), asks=False)

    def answer_ids(self, messages: Sequence[Message], answer: str) -> list[int]:
        """Tokens by which `answer` follows the prompt, up to and with the one that ends the turn.

        Raises:
            BadOrderError: the tokens of the prompt change when an answer follows, or the turn is not ended by a token.
        """
        prompt = self.prompt_ids(messages)
        full = self._ids([*messages, Message(role="assistant", content=answer)], None, asks=False)
        if full[: len(prompt)] != prompt:
            message = f"The tokens of a prompt change when {answer!r} follows; labels cannot be scored with this model."
            raise BadOrderError(message)
        ends = [place for place in range(len(prompt), len(full)) if full[place] in self.stops]
        if not ends:
            raise BadOrderError("The chat template does not end an answer with an end-of-turn token.")
        return full[len(prompt) : ends[-1] + 1]

    def text(self, tokens: Sequence[int]) -> str:
        """The text that tokens spell, without special ones."""
        decoded = self.tokenizer.decode(list(tokens), skip_special_tokens=True)
        return decoded if isinstance(decoded, str) else "".join(decoded)

    def spelled(self, token: int) -> str:
        """The text of one token, special or not."""
        decoded = self.tokenizer.decode([token])
        return decoded if isinstance(decoded, str) else "".join(decoded)

    def _ids(self, messages: Sequence[Message], tools: str | None, *, asks: bool) -> list[int]:
        said = Example(id="", task="chat", messages=tuple(messages), tools=tools)
        if not self.control.are_in(said):
            ids: list[int] = self.tokenizer(self._render(said, asks=asks), add_special_tokens=False)["input_ids"]
            return ids
        try:
            twin = self.control.twin_for(said)
        except BaseModelError as error:
            raise BadOrderError(str(error)) from error
        rendered = twin.swap(self._render(twin.disguise(said), asks=asks))
        found: list[int] = twin.tokenizer.encode(rendered, add_special_tokens=False).ids
        return found

    def _render(self, said: Example, *, asks: bool) -> str:
        from jinja2 import TemplateError

        if self.tokenizer.chat_template is None:
            name = self.tokenizer.name_or_path
            raise BadOrderError(f"The tokenizer of {name!r} has no chat template; choose a model that has one.")
        tools = json.loads(said.tools) if said.tools is not None else None
        plain = chat_of(said.messages)
        try:
            return str(
                self.tokenizer.apply_chat_template(plain, tools=tools, tokenize=False, add_generation_prompt=asks)
            )
        except TemplateError as error:
            raise BadOrderError(f"The chat template refuses a conversation: {error}.") from error


def make_chat(tokenizer: "PreTrainedTokenizerBase", generation: "GenerationConfig | None") -> Chat:
    """Gather what ends a turn: the end-of-sequence tokens of tokenizer and model, and every other special token."""
    named = generation.eos_token_id if generation is not None else None
    stops = {*tokenizer.all_special_ids, *(named if isinstance(named, list) else [named])}
    stops |= {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    inner = tokenizer.backend_tokenizer
    control = ControlTokens(inner, inner.to_str())
    return Chat(tokenizer, frozenset(stop for stop in stops if stop is not None), control)
