"""What is said between BrewSLM and the process that holds the user's code: JSON, one message a line."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from brewslm.core.brew.trainer import CallbackName, Trainer
from brewslm.core.value import Value


class Defined(Value):
    """The file was loaded, and says this."""

    kind: Literal["defined"] = "defined"
    trainer: Trainer
    files: tuple[str, ...]
    """The Python files of its folder that were loaded for it, absolute."""


class Broken(Value):
    """The file cannot be loaded."""

    kind: Literal["broken"] = "broken"
    error: str
    """One line, with file and line."""
    traceback: str = ""
    files: tuple[str, ...] = ()


class CallbackDone(Value):
    """A callback returned, or raised."""

    kind: Literal["done"] = "done"
    number: int
    error: str | None = None
    """One line, with file and line."""
    traceback: str = ""


class PromptsAsked(Value):
    """The user's code wants answers of the model as it is at a checkpoint."""

    kind: Literal["prompts"] = "prompts"
    number: int
    checkpoint: str
    """The folder of the checkpoint, absolute."""
    prompts: tuple[str, ...] = Field(min_length=1)
    max_new_tokens: int = Field(96, ge=1, le=4096)


class CancelAsked(Value):
    """The user's code wants the training to stop."""

    kind: Literal["cancel"] = "cancel"


class Call(Value):
    """A callback is to run."""

    kind: Literal["call"] = "call"
    number: int
    name: CallbackName
    body: dict[str, Any]


class Answers(Value):
    """What was asked for by `PromptsAsked`, or why not."""

    kind: Literal["answers"] = "answers"
    number: int
    answers: tuple[str, ...] = ()
    error: str | None = None


Word = Annotated[Defined | Broken | CallbackDone | PromptsAsked | CancelAsked, Field(discriminator="kind")]
"""What the user's process says."""
Reply = Annotated[Call | Answers, Field(discriminator="kind")]
"""What it is told."""

WORD: TypeAdapter[Word] = TypeAdapter(Word)
REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
