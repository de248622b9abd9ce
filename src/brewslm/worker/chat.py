"""Chats as tokens, by the model's own template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brewslm.core.data.example import Message, chat_of
from brewslm.worker.failure import BadOrderError

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Chat:
    """A tokenizer with its template, and the tokens that end an answer."""

    tokenizer: "PreTrainedTokenizerBase"
    stops: frozenset[int]

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Tokens of a conversation in which the assistant is about to speak."""
        return self._encode(self._render(messages, asks=True))

    def answer_ids(self, messages: Sequence[Message], answer: str) -> list[int]:
        """Tokens by which `answer` follows the prompt, up to and with the one that ends the turn.

        Raises:
            BadOrderError: the tokens of the prompt change when an answer follows, or the turn is not ended by a token.
        """
        prompt = self.prompt_ids(messages)
        full = self._encode(self._render([*messages, Message(role="assistant", content=answer)], asks=False))
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

    def _render(self, messages: Sequence[Message], *, asks: bool) -> str:
        from jinja2 import TemplateError

        plain = chat_of(messages)
        try:
            return str(self.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=asks))
        except TemplateError as error:
            raise BadOrderError(f"The chat template refuses a conversation: {error}.") from error

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def make_chat(tokenizer: "PreTrainedTokenizerBase", generation: "GenerationConfig | None") -> Chat:
    """Gather what ends a turn: the end-of-sequence tokens of tokenizer and model, and every other special token."""
    named = generation.eos_token_id if generation is not None else None
    stops = {*tokenizer.all_special_ids, *(named if isinstance(named, list) else [named])}
    stops |= {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return Chat(tokenizer, frozenset(stop for stop in stops if stop is not None))
