"""The plain majority of rows, read in a tenth of the time that the converters of `convert.py` take.

A row is plain where every text that its mapping reads is there, trimmed and not blank, so that nothing is mended and
nothing refused. What is read here is what the converters would make of it; any other row is left to them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from brewslm.core.artifacts.dataset import RepairRule
from brewslm.core.artifacts.mapping import MappingPlan
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Example, Message, Role, Shape
from brewslm.core.data.snapshot_row import SnapshotRow
from brewslm.core.mapping.build import digest_of
from brewslm.core.mapping.convert import used_keys
from brewslm.core.mapping.metadata import metadata_of
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.roles import CALL_NAMES, ROLE_NAMES
from brewslm.core.mapping.text import is_blank

Turn = tuple[Role, str]
"""Who speaks, and what."""


class Plain(NamedTuple):
    """A row that becomes an example as it is; the example is made only where it is wanted."""

    task: Shape
    turns: tuple[Turn, ...]
    text: str | None
    label: str | None
    metadata: str | None
    source_row: int
    num_characters: int = 0
    """Of the record: about what the example holds."""

    @property
    def repairs(self) -> tuple[RepairRule, ...]:
        """Nothing had to be mended."""
        return ()

    @property
    def id(self) -> str:
        """What `build.example_id` gives for these turns, or this text."""
        task, turns, text, *_ = self
        told = f"{task}\n;"
        for role, content in turns:
            told += f"\n{role} {len(content)} {content}"
        rest = "\n;\n;\n-\n-\n-" if text is None else f"\n;\n;\n+{len(text)} {text}\n-\n-"
        return digest_of(f"{told}{rest}")

    @property
    def example(self) -> Example:
        """The example."""
        messages = tuple([Message(role, content) for role, content in self.turns])
        kept = {"text": self.text, "label": self.label, "metadata": self.metadata, "source_row": self.source_row}
        return Example(self.id, self.task, messages, **kept)  # type: ignore[arg-type]  # each has its own type


_Content = tuple[tuple[Turn, ...], str | None, str | None]
"""Turns, text and label of an example."""
_Read = Callable[[dict[str, Any]], _Content | None]


def plain_reader(plan: MappingPlan) -> Callable[[SnapshotRow, dict[str, Any]], Plain | None] | None:
    """Settle once what is the same for all rows; None where the plan wants more than a look at each text.

    What is returned gives None for a row that is not plain.
    """
    reads = {
        "chat": _chat,
        "classification": _labelled,
        "plain_text": _passage,
        "documents": _passage,
        **dict.fromkeys(("instruction", "prompt_completion", "qa", "summarisation", "translation"), _pair),
    }
    if plan.transforms or plan.mapper or plan.max_characters or plan.columns.row_id or plan.shape not in reads:
        return None
    read = reads[plan.shape](plan.shape, plan.columns)
    used = used_keys(plan.columns)
    task = plan.shape

    def read_row(row: SnapshotRow, record: dict[str, Any]) -> Plain | None:
        content = read(record)
        if content is None:
            return None
        turns, text, label = content
        metadata = None if row.split is None and used.issuperset(record) else metadata_of(record, used, row.split)
        return Plain(task, turns, text, label, metadata, row.row, len(row.record or ""))

    return read_row


def _text(record: dict[str, Any], column: str) -> str | None:
    """A text that is trimmed and not blank, else None."""
    value = record.get(column)
    if type(value) is not str or value.strip() != value:
        return None
    return value if "!" <= value[:1] <= "~" or not is_blank(value) else None


def _extra(record: dict[str, Any], column: str) -> str | None:
    """As `_text`, but "" where the column, or what it holds, is absent."""
    value = value_at(record, column)
    return "" if value is None or value == "" else _text(record, column)


def _pair(shape: Shape, columns: ColumnMap) -> _Read:
    prompt_column, completion_column, context_column = str(columns.prompt), str(columns.completion), columns.context
    ask = _asker(columns)
    is_question = shape == "qa"

    def read(record: dict[str, Any]) -> _Content | None:
        prompt, completion = _text(record, prompt_column), _text(record, completion_column)
        context = "" if context_column is None else _extra(record, context_column)
        if prompt is None or completion is None or context is None:
            return None
        if context:
            prompt = f"{context}\n\n{prompt}" if is_question else f"{prompt}\n\n{context}"
        turns = ask(record, prompt, completion)
        return None if turns is None else (turns, None, None)

    return read


def _labelled(_: Shape, columns: ColumnMap) -> _Read:
    text_column, label_column, context_column = str(columns.text), str(columns.label), columns.context
    ask = _asker(columns)
    labels = frozenset(columns.labels)

    def read(record: dict[str, Any]) -> _Content | None:
        text, label = _text(record, text_column), _text(record, label_column)
        context = "" if context_column is None else _extra(record, context_column)
        if text is None or label is None or context is None or (labels and label not in labels):
            return None
        turns = ask(record, f"{text}\n\n{context}" if context else text, label)
        return None if turns is None else (turns, None, label)

    return read


def _passage(_: Shape, columns: ColumnMap) -> _Read:
    text_column = str(columns.text)

    def read(record: dict[str, Any]) -> _Content | None:
        text = _text(record, text_column)
        return None if text is None else ((), text, None)

    return read


def _asker(columns: ColumnMap) -> Callable[[dict[str, Any], str, str], tuple[Turn, ...] | None]:
    """The turns of a question and its answer, with the instruction and the system text of the mapping."""
    system_column = columns.system
    instruction = f"{columns.instruction}\n\n" if columns.instruction else ""

    def ask(record: dict[str, Any], prompt: str, completion: str) -> tuple[Turn, ...] | None:
        asked = f"{instruction}{prompt}" if instruction else prompt
        if system_column is None:
            return ("user", asked), ("assistant", completion)
        system = _extra(record, system_column)
        if system:
            return ("system", system), ("user", asked), ("assistant", completion)
        return None if system is None else (("user", asked), ("assistant", completion))

    return ask


_DUE: dict[str, Role] = {"system": "user", "user": "assistant", "assistant": "user"}
"""Who speaks after whom."""


def _chat(_: Shape, columns: ColumnMap) -> _Read:
    """Turns of a speaker and a text each, and nothing else: no calls, no tools, no system text beside them."""
    names = columns.role_names or ROLE_NAMES
    roles = {
        spelled: cast("Role", role)
        for spelled, role in names.items()
        if role in _DUE and spelled == spelled.strip().lower() and spelled not in CALL_NAMES
    }
    column, role_key, content_key = str(columns.messages), columns.role_key, columns.content_key
    beside = [name for name in (columns.system, columns.tools) if name is not None]
    keys = {role_key, content_key}
    is_possible = not keys & {"tool_calls", "function_call"}

    def read(record: dict[str, Any]) -> _Content | None:
        listed = record.get(column)
        if (
            not is_possible
            or type(listed) is not list
            or any(value_at(record, name) not in (None, "") for name in beside)
        ):
            return None
        turns: list[Turn] = []
        before = ""
        for turn in listed:
            if type(turn) is not dict or turn.keys() != keys:
                return None
            spelled, content = turn[role_key], _text(turn, content_key)
            role = roles.get(spelled) if type(spelled) is str else None
            if role is None or content is None or role != _DUE.get(before, "user" if role != "system" else role):
                return None
            turns.append((role, content))
            before = role
        return (tuple(turns), None, None) if before == "assistant" else None

    return read
