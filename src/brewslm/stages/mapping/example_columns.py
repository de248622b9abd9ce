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
        """Of all turns and texts."""
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
        task, turns, text, label, metadata, source_row = plain
        self._append((plain.id, task, text, label, metadata, source_row), turns, text)

    def add(self, example: Example) -> None:
        """Append any example."""
        for number, turn in enumerate(example.messages, start=len(self._turns)):
            self._keep_rare(turn, _NOTHING_OF_TURN, number)
        self._keep_rare(example, _NOTHING, len(self))
        turns = tuple([(turn.role, turn.content) for turn in example.messages])
        self._append(tuple([getattr(example, name) for name in _USUAL]), turns, example.text)

    def taken(self) -> Columns:
        """The columns, for `Rows.add_columns`."""
        usual = dict(zip(_USUAL, zip(*self._usual, strict=True), strict=True))
        roles, contents = zip(*self._turns, strict=True) if self._turns else ((), ())
        turns = {"role": roles, "content": contents, **self._filled(_NOTHING_OF_TURN, len(self._turns))}
        return {**usual, "messages": Nested(self._lengths, turns), **self._filled(_NOTHING, len(self))}

    def _append(self, usual: tuple[Any, ...], turns: tuple[tuple[Role, str], ...], text: str | None) -> None:
        self._usual.append(usual)
        self._turns += turns
        self._lengths.append(len(turns))
        self.num_characters += sum([len(content) for _, content in turns]) if text is None else len(text)

    def _keep_rare(self, one: Example | Message, nothing: Mapping[str, Any], number: int) -> None:
        for name, default in nothing.items():
            value = getattr(one, name)
            if value != default:
                self._rare[name][number] = value

    def _filled(self, nothing: Mapping[str, Any], num: int) -> dict[str, list[Any]]:
        kept = {name: self._rare[name] for name in nothing if self._rare[name]}
        return {name: [values.get(number, nothing[name]) for number in range(num)] for name, values in kept.items()}
