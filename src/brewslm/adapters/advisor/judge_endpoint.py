"""Decisions at gates by the model that may be asked for advice, too."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from brewslm.adapters.advisor.chat import Chat
from brewslm.core.errors import AdvisorError
from brewslm.core.ports.advisor import Judgement

_TASK = """You are the gate at the end of one stage of a pipeline that fine-tunes a small language model. You are told \
what the stage made, with its figures. Approve it if it is complete and sound enough to go on with; reject it if going \
on would waste work or harm. Answer with one JSON object and nothing else: {"approve": true or false, "why": one \
sentence that names the figures that decided}."""
_NEXT = "Check the setting BREWSLM_ADVISOR_URL."


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    approve: bool
    why: str


class JudgeEndpoint:
    """Implements `core.ports.advisor.Judge`."""

    is_there = True

    def __init__(self, chat: Chat) -> None:
        """Ask this model."""
        self._chat = chat

    def decide(self, question: str, figures: dict[str, Any]) -> Judgement:
        """Ask, and read the answer strictly: what is not plainly a decision is none.

        Raises:
            AdvisorError: the endpoint cannot be reached, refuses, or answers with no decision.
        """
        told = f"{question}\n\nFigures:\n{json.dumps(figures, indent=1, ensure_ascii=False)}"
        text = self._chat.answer(_TASK, told, next_step=_NEXT)
        try:
            answer = _Answer.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
        except ValidationError as error:
            message = f"The answer of {self._chat.model!r} is no decision: {text[:120]!r}. {_NEXT}"
            raise AdvisorError(message) from error
        return Judgement(is_approved=answer.approve, why=answer.why, judge=self._chat.model)
