"""What was seen of each row under both models. Metrics are functions of it, so they can be asked again later."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Who = Literal["base", "tuned"]


class Side(NamedTuple):
    """What one model made of a row; None was not measured."""

    loss: float
    """Summed over its trained tokens, nats."""
    objective: float | None
    label: str | None
    """The likeliest of the allowed ones."""
    confidence: float | None
    """How likely the model finds that label as its whole answer, 0 to 1."""
    answer: str | None
    """Generated, greedy."""
    is_stopped: bool | None
    """Whether the answer ended by itself."""
    num_new_tokens: int | None
    seconds: float | None
    margin: float | None
    """Of a preference: by how much the better answer is likelier, nats per token."""
    judge: float | None
    """1 where a judge finds its answer better than the other one, 0 where worse, one half for a tie."""


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row of a split under both models."""

    id: str
    num_tokens: int
    """Trained ones."""
    num_bytes: int
    """Of the text that they spell."""
    prompt: str
    """The last turn before the answer."""
    expected: str
    """The answer that the row has."""
    label: str | None = None
    source: str | None = None
    cluster: str | None = None
    is_unanswerable: bool = False
    tool_calls: str | None = None
    """Expected calls, a JSON array of name and arguments."""
    base_loss: float = 0.0
    tuned_loss: float = 0.0
    base_objective: float | None = None
    tuned_objective: float | None = None
    base_label: str | None = None
    tuned_label: str | None = None
    base_confidence: float | None = None
    tuned_confidence: float | None = None
    base_answer: str | None = None
    tuned_answer: str | None = None
    base_is_stopped: bool | None = None
    tuned_is_stopped: bool | None = None
    base_num_new_tokens: int | None = None
    tuned_num_new_tokens: int | None = None
    base_seconds: float | None = None
    tuned_seconds: float | None = None
    base_margin: float | None = None
    tuned_margin: float | None = None
    base_judge: float | None = None
    tuned_judge: float | None = None
    is_failing: bool = False
    """Whether the tuned model got it wrong; where nothing is right or wrong, whether it lost against its base."""

    def side(self, who: Who) -> Side:
        """What one of the models made of it."""
        return Side(*(getattr(self, f"{who}_{name}") for name in Side._fields))
