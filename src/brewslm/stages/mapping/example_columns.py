"""Examples on their way to the table, column by column, so that no object lives on for one that is plain."""

from collections.abc import Mapping
from typing import Any

from brewslm.core.data.example import Example, Message, Role
from brewslm.core.mapping.plain import Plain
from brewslm.core.ports.tables import Columns, Nested

_USUAL = ("id", "task", "text", "label", "metadata", "source_row")
_NOTHING: dict[str, Any] = {"chosen": (), "rejected": (), "target_json": None, "tools": None}
_NOTHING_OF_TURN: dict[str, Any] = {"tool_calls": (), "tool_call_id": None, "name": None}
"""Fields that most examples, and most turns, leave as they are."""


class ExampleColumns:
    """What waits for being written."""

    def __init__(self) -> None:
        """Begin empty."""
        self.num_characters = 0
        """About what they hold."""
        # Tuples of texts and numbers alone cost the garbage collector nothing.
        self._usual: list[tuple[Any, ...]] = []
        self._turns: list[tuple[Role, str]] = []
        self._lengths: list[int] = []
        self._rare: dict[str, dict[int, Any]] = {name: {} for name in (*_NOTHING, *_NOTHING_OF_TURN)}
        """By the number of the example, or of the turn."""

    def __len__(self) -> int:
        """How many examples wait."""
        return len(self._usual)

    def add_plain(self, plain: Plain) -> None:
        """Append a plain row."""
        task, turns, text, label, metadata, source_row, num_characters = plain
        self._usual.append((plain.id, task, text, label, metadata, source_row))
        self._turns += turns
        self._lengths.append(len(turns))
        self.num_characters += num_characters

    def add(self, example: Example) -> None:
        """Append any example."""
        for number, turn in enumerate(example.messages, start=len(self._turns)):
            self._keep_rare(turn, _NOTHING_OF_TURN, number)
        self._keep_rare(example, _NOTHING, len(self))
        self._usual.append(tuple([getattr(example, name) for name in _USUAL]))
        self._turns += [(turn.role, turn.content) for turn in example.messages]
        self._lengths.append(len(example.messages))
        self.num_characters += sum([len(turn.content) for turn in example.messages]) + len(example.text or "")

    def taken(self) -> Columns:
        """The columns, for `Rows.add_columns`."""
        usual = {name: [values[at] for values in self._usual] for at, name in enumerate(_USUAL)}
        turns: dict[str, Any] = self._filled(_NOTHING_OF_TURN, len(self._turns))
        turns["role"] = [role for role, _ in self._turns]
        turns["content"] = [content for _, content in self._turns]
        return {**usual, "messages": Nested(self._lengths, turns), **self._filled(_NOTHING, len(self))}

    def _keep_rare(self, one: Example | Message, nothing: Mapping[str, Any], number: int) -> None:
        for name, default in nothing.items():
            value = getattr(one, name)
            if value != default:
                self._rare[name][number] = value

    def _filled(self, nothing: Mapping[str, Any], num: int) -> dict[str, list[Any]]:
        kept = {name: self._rare[name] for name in nothing if self._rare[name]}
        return {name: [values.get(number, nothing[name]) for number in range(num)] for name, values in kept.items()}
