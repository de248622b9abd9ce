"""A language model that may be asked how data is to be read."""

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
