"""Keeps text text: `<|im_end|>` that a user typed is not the token that ends a turn.

A tokenizer finds its control tokens wherever their spelling is, be it the template's or the data's. Here the data's are
told apart before rendering, by a private character in place of their first one; after rendering the roles are swapped,
and a twin of the tokenizer, which knows its control tokens by the private spelling only, encodes the rest as the plain
text that it is. Lengths and positions stay as they are.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from brewslm.core.data.example import Example, Message, ToolCall
from brewslm.core.errors import BaseModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_LAST_PRIVATE = 0x10FFFD
_NUM_TRIES = 16


class ControlTokens:
    """The special tokens of a tokenizer, and its twins."""

    def __init__(self, tokenizer: "Tokenizer", source: str) -> None:
        """Read the special tokens; `source` is the tokenizer's JSON."""
        added = tokenizer.get_added_tokens_decoder()
        self._ids = {token.content: number for number, token in added.items() if token.special and token.content}
        self._firsts = sorted({content[0] for content in self._ids})
        spellings = sorted(self._ids, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, spellings))) if spellings else None
        self._source = source
        self._twins: dict[int, Twin] = {}

    def are_in(self, example: Example) -> bool:
        """Whether the data spells a control token."""
        pattern = self._pattern
        return pattern is not None and any(pattern.search(text) for text in _texts(example))

    def twin_for(self, example: Example) -> "Twin":
        """Return a twin whose private characters are not in the example.

        Raises:
            BaseModelError: there is none.
        """
        everything = "".join(_texts(example))
        for attempt in range(1, _NUM_TRIES + 1):
            first = _LAST_PRIVATE - attempt * len(self._firsts)
            if not any(chr(first + place) in everything for place in range(len(self._firsts))):
                return self._twin(first)
        message = f"row {example.source_row} holds control tokens of the model and private characters of Unicode's end"
        raise BaseModelError(f"{message}; remove the row")

    def _twin(self, first: int) -> "Twin":
        if first not in self._twins:
            marks = {letter: chr(first + place) for place, letter in enumerate(self._firsts)}
            self._twins[first] = Twin(self._ids, marks, self._source)
        return self._twins[first]


class Twin:
    """The tokenizer with another spelling of its control tokens."""

    def __init__(self, ids: dict[str, int], marks: dict[str, str], source: str) -> None:
        """Build it from the tokenizer's JSON.

        Raises:
            BaseModelError: the tokenizer is of a kind in which tokens cannot be spelled otherwise.
        """
        from tokenizers import Tokenizer

        renamed = {content: marks[content[0]] + content[1:] for content in ids}
        self._swapped = renamed | {private: content for content, private in renamed.items()}
        self._pattern = re.compile("|".join(map(re.escape, sorted(self._swapped, key=len, reverse=True))))
        self.tokenizer = Tokenizer.from_str(json.dumps(_rename(json.loads(source), renamed)))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        if any(self.tokenizer.token_to_id(private) != ids[content] for content, private in renamed.items()):
            message = (
                "this tokenizer cannot tell a control token from its spelling in the data; take the spelling out of "
                "the data, or choose another base model"
            )
            raise BaseModelError(message)

    def disguise(self, example: Example) -> Example:
        """Spell the data's control tokens with private characters."""
        return replace(
            example,
            messages=tuple(map(self._message, example.messages)),
            chosen=tuple(map(self._message, example.chosen)),
            rejected=tuple(map(self._message, example.rejected)),
            text=None if example.text is None else self.swap(example.text),
            tools=None if example.tools is None else self.swap(example.tools),
        )

    def swap(self, text: str) -> str:
        """Give the template's control tokens the private spelling, and the data's their own again."""
        return self._pattern.sub(lambda found: self._swapped[found[0]], text)

    def _message(self, message: Message) -> Message:
        return replace(
            message,
            content=self.swap(message.content),
            tool_calls=tuple(
                ToolCall(self.swap(call.name), self.swap(call.arguments), call.id) for call in message.tool_calls
            ),
        )


def _texts(example: Example) -> Iterable[str]:
    for message in (*example.messages, *example.chosen, *example.rejected):
        yield message.content
        for call in message.tool_calls:
            yield call.name
            yield call.arguments
    if example.text is not None:
        yield example.text
    if example.tools is not None:
        yield example.tools


def _rename(tree: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    model = tree["model"]
    for token in tree.get("added_tokens", ()):
        token["content"] = renamed.get(token["content"], token["content"])
    vocab = model.get("vocab")
    if isinstance(vocab, dict):
        model["vocab"] = {renamed.get(piece, piece): number for piece, number in vocab.items()}
    elif isinstance(vocab, list):
        model["vocab"] = [[renamed.get(piece, piece), score] for piece, score in vocab]
    if model.get("unk_token") in renamed:
        model["unk_token"] = renamed[model["unk_token"]]
    return tree
