"""Which tokens are trained: the assistant's words and the token that ends the turn, as the template itself has them.

Where the template marks what the assistant says (`{% generation %}`), its marks decide. Elsewhere, for each assistant
turn, the text between "everything before, and now the assistant speaks" and "everything up to and with this turn" is
what the model has to say. Of it, the tokens up to and with the end-of-turn token are trained; what the template writes
after that token, such as a line break, is not. For classification only the last turn is trained.

Some templates rewrite earlier turns when later ones follow (they drop the reasoning). Of such a conversation only the
last turn is trained, and it is counted; a template that rewrites the last turn itself is refused.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brewslm.core.data.example import TEXT_SHAPES, Example, Message, chat_of
from brewslm.core.errors import BaseModelError, TemplateRefusedError
from brewslm.core.events.reasons import Reason
from brewslm.stages.prepare.tokens.template import Chat, ChatTemplate, Span
from brewslm.stages.prepare.tokens.tokenizer import ChatTokenizer

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer


@dataclass(frozen=True, slots=True)
class Tokenised:
    """An example as tokens."""

    ids: list[int]
    trained: tuple[Span, ...]
    """Ranges of tokens that the loss is taken over; none where truncation cut them all away."""
    num_bytes: int
    """UTF-8 bytes of the text that the trained tokens spell; special tokens spell none."""
    num_tokens: int
    """Before truncation."""
    is_partly_trained: bool = False
    """Whether earlier turns are context only, because the template rewrites them."""

    @property
    def num_trained(self) -> int:
        """Tokens that the loss is taken over."""
        return sum(end - start for start, end in self.trained)


@dataclass(frozen=True, slots=True)
class _Rendered:
    text: str
    spans: tuple[Span, ...]
    is_partly_trained: bool = False
    tokenizer: "Tokenizer | None" = None
    """Another one than the model's, where the data spells control tokens."""


def tokenise(
    examples: Sequence[Example], model: ChatTokenizer, *, is_rejected: bool = False, limit: int | None = None
) -> list[Tokenised | TemplateRefusedError]:
    """Render, tokenise and mask examples; in the place of one that the template refuses stands why.

    Args:
        examples: in any number.
        model: of the base model.
        is_rejected: whether of a preference the worse answer is taken.
        limit: tokens after which an example is cut off; None cuts nothing.

    Raises:
        BaseModelError: the template rewrites an example's last turn, or does not end it with a special token; an
            example has no trained token.
    """
    tried = [_try_to_render(example, model, is_rejected=is_rejected) for example in examples]
    rendered = [one for one in tried if isinstance(one, _Rendered)]
    encodings = iter(_encode(rendered, model, is_text=bool(examples) and examples[0].task in TEXT_SHAPES))
    return [
        _mask(next(encodings), one, example, model, limit) if isinstance(one, _Rendered) else one
        for one, example in zip(tried, examples, strict=True)
    ]


def _try_to_render(example: Example, model: ChatTokenizer, *, is_rejected: bool) -> _Rendered | TemplateRefusedError:
    try:
        return _render(example, model, is_rejected=is_rejected)
    except TemplateRefusedError as error:
        return error


def _encode(rendered: Sequence[_Rendered], model: ChatTokenizer, *, is_text: bool) -> "list[Encoding]":
    own = [one.text for one in rendered if one.tokenizer is None]
    found = iter(model.tokenizer.encode_batch(own, add_special_tokens=is_text))
    return [
        next(found) if one.tokenizer is None else one.tokenizer.encode(one.text, add_special_tokens=is_text)
        for one in rendered
    ]


def _render(example: Example, model: ChatTokenizer, *, is_rejected: bool) -> _Rendered:
    if not model.control.are_in(example):
        return _rendered(example, model, is_rejected=is_rejected)
    twin = model.control.twin_for(example)
    one = _rendered(twin.disguise(example), model, is_rejected=is_rejected)
    return _Rendered(twin.swap(one.text), one.spans, one.is_partly_trained, twin.tokenizer)


def _rendered(example: Example, model: ChatTokenizer, *, is_rejected: bool) -> _Rendered:
    if example.task in TEXT_SHAPES:
        text = example.text or ""
        return _Rendered(text, ((0, len(text)),))
    answer = example.rejected if is_rejected else example.chosen
    messages: tuple[Message, ...] = (*example.messages, *answer)
    first_trained = len(example.messages) if answer else 0
    return _conversation(messages, first_trained, example, model)


@dataclass(frozen=True, slots=True)
class _Conversation:
    """What is rendered."""

    chat: Chat
    tools: Any
    row: int

    def text(self, template: ChatTemplate, *, until: int | None = None, asks: bool = False) -> str:
        """Render its beginning, up to turn `until`."""
        return template.render(self.chat[:until], asks=asks, tools=self.tools, row=self.row)


def _conversation(messages: Sequence[Message], first_trained: int, example: Example, model: ChatTokenizer) -> _Rendered:
    chat, tools, row = chat_of(messages), json.loads(example.tools) if example.tools else None, example.source_row
    turns = [index for index in range(first_trained, len(chat)) if chat[index]["role"] == "assistant"]
    wanted = turns if model.trains_all_turns else turns[-1:]
    if model.template.marks_generations:
        text, spans = model.template.render_marked(chat, tools=tools, row=row)
        if len(spans) >= len(turns):
            # Earlier blocks are those of turns before the first one that is trained.
            return _Rendered(text, tuple(spans[-len(wanted) :]) if wanted else ())
    else:
        text = model.template.render(chat, tools=tools, row=row)
    found = [_turn_span(text, _Conversation(chat, tools, row), index, model) for index in wanted]
    if not found or found[-1] is None:
        turn = wanted[-1] + 1 if wanted else 0
        message = (
            f"The chat template rewrites turn {turn} of row {row} when later turns follow or the assistant is "
            "asked to speak, so it cannot be told which tokens are the assistant's. Choose another base model."
        )
        raise BaseModelError(message)
    return _Rendered(text, tuple(span for span in found if span is not None), None in found)


def _turn_span(text: str, whole: _Conversation, index: int, model: ChatTokenizer) -> Span | None:
    """Where a turn of the assistant is in the rendered text; None if the template writes it otherwise there."""
    before = whole.text(model.template, until=index, asks=True)
    if not text.startswith(before):
        return None
    if index == len(whole.chat) - 1:
        return len(before), len(text)
    with_turn = whole.text(model.template, until=index + 1)
    if not with_turn.startswith(before):
        return None
    while not text.startswith(with_turn):
        # What closes a conversation, and is not there when it goes on: a special token, or white space.
        shorter = _without_close(with_turn, model)
        if len(shorter) in {len(before), len(with_turn)}:
            return None
        with_turn = shorter
    return len(before), len(with_turn)


def _without_close(text: str, model: ChatTokenizer) -> str:
    stripped = text.rstrip()
    if stripped != text:
        return stripped
    eos = model.template.special_tokens.get("eos_token")
    return text.removesuffix(eos) if eos else text


def _mask(encoding: "Encoding", one: _Rendered, example: Example, model: ChatTokenizer, limit: int | None) -> Tokenised:
    if example.task in TEXT_SHAPES:
        return _whole(encoding, one.text, example, model, limit)
    ids: list[int] = encoding.ids
    cut = len(ids) if limit is None else min(limit, len(ids))
    trained: list[Span] = []
    num_bytes = 0
    limits = [*(start for start, _ in one.spans[1:]), len(one.text)]
    for (start, end), follows in zip(one.spans, limits, strict=True):
        first, last = _turn_tokens(encoding, one.text, (start, end, follows), model, example.source_row)
        if first >= cut:
            break
        trained.append((first, min(last + 1, cut)))
        spoken = encoding.token_to_chars(last) if last < cut else encoding.token_to_chars(cut - 1)
        until = start if spoken is None else spoken[0 if last < cut else 1]
        num_bytes += len(one.text[start:until].encode("utf-8", "surrogatepass"))
    if not one.spans:
        raise _empty(example.source_row)
    return Tokenised(ids[:cut], tuple(trained), num_bytes, len(ids), one.is_partly_trained)


def _turn_tokens(
    encoding: "Encoding", text: str, places: tuple[int, int, int], model: ChatTokenizer, row: int
) -> tuple[int, int]:
    """The first token of a turn and the one that ends it; `places` are where it begins, ends, and the next begins."""
    start, end, follows = places
    first = _token_at(encoding, range(start, end))
    last = _token_at(encoding, range(end - 1, start - 1, -1))
    if first is None or last is None:
        raise _empty(row)
    turn_end = _end_within(encoding, text[:end], range(last, first - 1, -1), model)
    if turn_end is None:
        turn_end = _end_after(encoding, text, last, follows, model)
    if turn_end is None:
        message = (
            f"The chat template does not end the assistant's turn of row {row} with an end-of-turn token, so the "
            "model would not learn to stop. Choose another base model."
        )
        raise BaseModelError(message)
    if turn_end == first:
        raise _empty(row)
    return first, turn_end


def _end_within(encoding: "Encoding", text: str, tokens: range, model: ChatTokenizer) -> int | None:
    """The token that ends the turn: of the special ones that close it the first that is named, else the last."""
    ids, chosen, unread = encoding.ids, None, len(text)
    for token in tokens:
        chars = encoding.token_to_chars(token)
        if ids[token] in model.turn_ends:
            if chars is not None and text[chars[1] : unread].strip():
                break
            chosen = token if chosen is None or ids[token] in model.named_ends else chosen
            unread = chars[0] if chars is not None else unread
        elif chars is not None and text[chars[0] : chars[1]].strip():
            break
    return chosen


def _end_after(encoding: "Encoding", text: str, last: int, follows: int, model: ChatTokenizer) -> int | None:
    """The special token that follows a marked turn, with nothing but white space between."""
    for token in range(last + 1, len(encoding.ids)):
        chars = encoding.token_to_chars(token)
        if encoding.ids[token] in model.turn_ends:
            return token
        if chars is None or chars[0] >= follows or text[chars[0] : chars[1]].strip():
            return None
    return None


def _whole(encoding: "Encoding", text: str, example: Example, model: ChatTokenizer, limit: int | None) -> Tokenised:
    """A text: all of it is trained but its first token, which has nothing before it, and it ends with a token."""
    if model.eos is None:
        message = "The base model names no token that ends a text (eos_token). Choose another one for plain texts."
        raise BaseModelError(message)
    ids: list[int] = encoding.ids
    if not ids or ids[-1] != model.eos:
        ids = [*ids, model.eos]
    cut = len(ids) if limit is None else min(limit, len(ids))
    if len(ids) < 2 or not text.strip():
        raise _empty(example.source_row)
    head = encoding.token_to_chars(0)
    tail = encoding.token_to_chars(cut - 1) if cut - 1 < len(encoding.ids) else None
    spoken = text[head[1] if head is not None else 0 : tail[1] if tail is not None else len(text)]
    return Tokenised(ids[:cut], ((1, cut),) if cut > 1 else (), len(spoken.encode("utf-8", "surrogatepass")), len(ids))


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
