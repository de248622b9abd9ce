"""Contracts: named checks before and after a stage, each a plain sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from brewslm.core.artifacts.base import Artifact
from brewslm.core.context import StageContext
from brewslm.core.finding import Finding
from brewslm.core.value import Value

InputsT = TypeVar("InputsT", bound=Value)
OutputT = TypeVar("OutputT", bound=Artifact)


@dataclass(frozen=True, slots=True)
class Before(Generic[InputsT]):
    """A check that runs before the stage and costs no work to undo."""

    name: str
    sentence: str
    test: Callable[[InputsT, StageContext], Finding | None]
    """Returns None where the sentence holds."""


@dataclass(frozen=True, slots=True)
class After(Generic[OutputT]):
    """A check on what the stage made, before it is put on the shelf."""

    name: str
    sentence: str
    test: Callable[[OutputT, StageContext], Finding | None]


@dataclass(frozen=True, slots=True)
class Contract(Generic[InputsT, OutputT]):
    """What must hold before and after a stage."""

    before: tuple[Before[InputsT], ...] = ()
    after: tuple[After[OutputT], ...] = ()
