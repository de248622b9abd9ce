"""A language model that may decide at a gate."""

from typing import Any, Protocol

from brewslm.core.value import Value


class Judgement(Value):
    """What a judge decided."""

    is_approved: bool
    why: str
    judge: str
    """Who decided: the name of the model."""


class Judge(Protocol):
    """Decides whether what a stage made may be used."""

    def decide(self, question: str, figures: dict[str, Any]) -> Judgement:
        """Ask about one product of a stage.

        Args:
            question: what was made, in words.
            figures: what its event tells.

        Raises:
            AdvisorError: nobody can be asked, or the answer is no decision.
        """
