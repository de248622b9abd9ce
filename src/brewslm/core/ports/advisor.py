"""A language model that may be asked: how data is to be read, and whether what a stage made may be used."""

from collections.abc import Sequence
from typing import Any, Protocol

from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile
from brewslm.core.data.example import Shape
from brewslm.core.value import Value


class Advice(Value):
    """A reading that somebody else proposes. It is tried on the rows like any other."""

    shape: Shape
    columns: ColumnMap
    adviser: str
    """Who proposed it: the name of the model."""


class Advisor(Protocol):
    """Proposes a reading."""

    def propose(self, columns: Sequence[ColumnProfile], rows: Sequence[dict[str, Any]]) -> Advice:
        """Ask for the reading of a table with these columns, of which `rows` are a few.

        Raises:
            AdvisorError: nobody can be asked, or the answer is no reading.
        """


class Judgement(Value):
    """What a judge decided."""

    is_approved: bool
    why: str
    judge: str
    """Who decided: the name of the model."""


class Judge(Protocol):
    """Decides whether what a stage made may be used."""

    @property
    def is_there(self) -> bool:
        """Whether anybody can be asked."""

    def decide(self, question: str, figures: dict[str, Any]) -> Judgement:
        """Ask about one product of a stage.

        Args:
            question: what was made, in words.
            figures: what its event tells.

        Raises:
            AdvisorError: nobody can be asked, or the answer is no decision.
        """
