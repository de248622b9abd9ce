"""Which tokens are trained: the assistant's words and the token that ends the turn, found by rendering prefixes.

For each assistant turn the text between "everything before, and now the assistant speaks" and "everything up to and
with this turn" is what the model has to say. Of it, the tokens up to and with the end-of-turn token are trained; what
the template writes after that token, such as a line break, is not. For classification only the last turn is trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brewslm.core.errors import BaseModelError
from brewslm.core.events.reasons import Reason
from brewslm.stages.prepare.tokenizer import ChatTokenizer

if TYPE_CHECKING:
    from tokenizers import Encoding

Span = tuple[int, int]
"""Characters from, and up to, in a rendered text."""


@dataclass(frozen=True, slots=True)
class Tokenised:
    """An example as tokens."""

    ids: list[int]
    trained: tuple[Span, ...]
    """Ranges of tokens that the loss is taken over."""
    num_bytes: int
    """UTF-8 bytes of the text that the trained tokens spell; special tokens spell none."""

    @property
    def num_trained(self) -> int:
        """Tokens that the loss is taken over."""
        return sum(end - start for start, end in self.trained)


def tokenise(
    chats: Sequence[Sequence[Mapping[str, str]]], rows: Sequence[int], model: ChatTokenizer
) -> list[Tokenised]:
    """Render, tokenise and mask a batch of conversations; `rows` are their source rows, for messages.

    Raises:
        BaseModelError: the template does not keep prefixes, or does not end a turn with a special token.
    """
    texts, spans = [], []
    for messages, row in zip(chats, rows, strict=True):
        text = model.template.render(messages)
        texts.append(text)
        spans.append(assistant_spans(text, messages, model, row))
    encodings = model.tokenizer.encode_batch(texts, add_special_tokens=False)
    parts = zip(encodings, texts, spans, rows, strict=True)
    return [_mask(encoding, text, found, model, row) for encoding, text, found, row in parts]


def assistant_spans(text: str, messages: Sequence[Mapping[str, str]], model: ChatTokenizer, row: int) -> list[Span]:
    """Where in the rendered `text` the assistant's turns are, from after the generation prompt.

    Raises:
        BaseModelError: the rendering of a beginning of the conversation is not a beginning of the rendering.
    """
    turns = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    spans = []
    for index in turns if model.trains_all_turns else turns[-1:]:
        before = model.template.render(messages[:index], asks=True)
        is_last = index == len(messages) - 1
        with_turn = text if is_last else model.template.render(messages[: index + 1])
        if not (with_turn.startswith(before) and text.startswith(with_turn)):
            message = (
                f"The chat template rewrites turn {index + 1} of row {row} when later turns follow or the assistant is "
                "asked to speak, so it cannot be told which tokens are the assistant's. Choose another base model."
            )
            raise BaseModelError(message)
        spans.append((len(before), len(with_turn)))
    return spans


def _mask(encoding: "Encoding", text: str, spans: Sequence[Span], model: ChatTokenizer, row: int) -> Tokenised:
    ids: list[int] = encoding.ids
    trained: list[Span] = []
    num_bytes = 0
    for start, end in spans:
        first = _token_at(encoding, range(start, end))
        last = _token_at(encoding, range(end - 1, start - 1, -1))
        if first is None or last is None:
            raise _empty(row)
        while last >= first and ids[last] not in model.turn_ends:
            last -= 1
        turn_end = encoding.token_to_chars(last) if last >= first else None
        if turn_end is None or text[turn_end[1] : end].strip():
            message = (
                f"The chat template does not end the assistant's turn of row {row} with an end-of-turn token, so the "
                "model would not learn to stop. Choose another base model."
            )
            raise BaseModelError(message)
        if last == first:
            raise _empty(row)
        trained.append((first, last + 1))
        num_bytes += len(text[start : turn_end[0]].encode())
    if not trained:
        raise _empty(row)
    return Tokenised(ids, tuple(trained), num_bytes)


def _token_at(encoding: "Encoding", positions: range) -> int | None:
    """The token of the first of these characters that belongs to one; a tokenizer may give spaces to none."""
    for position in positions:
        token = encoding.char_to_token(position)
        if token is not None:
            return int(token)
    return None


def _empty(row: int) -> BaseModelError:
    message = f"Row {row} leaves no token to train on after tokenising. Remove the row, or choose another base model."
    return BaseModelError(message, reason=Reason.PREPARATION_EMPTY_MASK)
