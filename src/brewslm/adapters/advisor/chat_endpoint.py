"""Advice from any endpoint that speaks OpenAI's chat completions: a server on this machine, or a service."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from brewslm.adapters.advisor.chat import TIMEOUT_SECONDS, Chat
from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile
from brewslm.core.data.example import Shape
from brewslm.core.errors import AdvisorError
from brewslm.core.mapping.convert import REQUIRED_ROLES
from brewslm.core.ports.advisor import Advice

NUM_ROWS = 5
MAX_CELL_CHARACTERS = 200
"""What is sent of the data: so many rows, and so much of each cell."""

_TASK = """You map tables to training examples. Answer with one JSON object and nothing else:
{"shape": SHAPE, "columns": {ROLE: COLUMN, ...}}. SHAPE is one of these, with the roles that it needs:
%s
COLUMN is the exact name of a column, or a path into it with dots. Name no column twice."""


class ChatEndpoint:
    """Implements `core.ports.advisor.Advisor`."""

    def __init__(
        self, url: str, model: str, *, key: str | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Ask `model` at `url`, the base of the endpoint such as `http://127.0.0.1:8080/v1`."""
        self._chat = Chat(url, model, key=key, timeout_seconds=timeout_seconds)

    def propose(self, columns: Sequence[ColumnProfile], rows: Sequence[dict[str, Any]]) -> Advice:
        """Send names, types and a few cut rows, and read the answer strictly.

        Raises:
            AdvisorError: the endpoint cannot be reached, refuses, or answers with no reading.
        """
        answer = self._ask(_question(columns, rows))
        return self._read(answer)

    def _ask(self, question: str) -> str:
        shapes = "\n".join(f"- {shape}: {_told_roles(shape)}" for shape in REQUIRED_ROLES)
        return self._chat.answer(_TASK % shapes, question, next_step=_NEXT)

    def _read(self, answer: str) -> Advice:
        text = answer[answer.find("{") : answer.rfind("}") + 1]
        try:
            found = json.loads(text)
            return Advice(shape=found["shape"], columns=ColumnMap(**found["columns"]), adviser=self._chat.model)
        except (ValueError, LookupError, TypeError, ValidationError) as error:
            message = f"The answer of {self._chat.model!r} is no reading: {answer[:120]!r}. {_NEXT}"
            raise AdvisorError(message) from error


_NEXT = "Check the setting BREWSLM_ADVISOR_URL, or choose the reading with `--as SHAPE`."


def _told_roles(shape: Shape) -> str:
    return " or ".join(" + ".join(roles) for roles in REQUIRED_ROLES[shape])


def _question(columns: Sequence[ColumnProfile], rows: Sequence[dict[str, Any]]) -> str:
    told = [f"{column.name!r}: {', '.join(column.types)}, filled in {column.fill_rate:.0%}" for column in columns]
    shown = [
        json.dumps({name: _cut(value) for name, value in row.items()}, ensure_ascii=False) for row in rows[:NUM_ROWS]
    ]
    return "\n".join(["Columns:", *told, "", "Some rows:", *shown])


def _cut(value: Any) -> Any:  # noqa: ANN401 - any JSON value is meant
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= MAX_CELL_CHARACTERS else f"{text[:MAX_CELL_CHARACTERS]}…"
