"""What a training corpus consists of: documents from named sources, plain or as a conversation."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]
Source = Literal["books", "gsm8k", "banking77", "own"]
SOURCES: tuple[Source, ...] = ("books", "gsm8k", "banking77", "own")

START_OF_TURN = "<|im_start|>"
END_OF_TURN = "<|im_end|>"
END_OF_TEXT = "<|endoftext|>"
PADDING = "<|pad|>"
SPECIAL_TOKENS = (END_OF_TEXT, START_OF_TURN, END_OF_TURN, PADDING)


@dataclass(frozen=True)
class Turn:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Document:
    """One text of the corpus; `text` of a conversation is already rendered in the chat template."""

    source: Source
    text: str


def render_chat(turns: Iterable[Turn]) -> str:
    """Render turns exactly as the model's chat template does, without a generation prompt."""
    return "".join(f"{START_OF_TURN}{turn.role}\n{turn.content}{END_OF_TURN}\n" for turn in turns)


def question_and_answer(question: str, answer: str) -> str:
    """Render the shortest conversation: one question and its answer."""
    return render_chat((Turn("user", question), Turn("assistant", answer)))


def seeded(seed: int) -> random.Random:
    """Return the generator of random choices for a seed."""
    return random.Random(seed)  # noqa: S311 - texts, not secrets
