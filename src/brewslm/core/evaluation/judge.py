"""A language model that judges answers, as a metric of an eval pack: which of two answers is the better one.

Its word counts only where it stays the same with the answers in the other order, and gates only where it agrees with
people beyond chance.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from pydantic import ConfigDict, Field

from brewslm.core.errors import AdvisorError, NotFoundError
from brewslm.core.evaluation.interval import Interval
from brewslm.core.serving.endpoint_url import EndpointUrl
from brewslm.core.value import Value

Preference = Literal["first", "second", "tie"]

MIN_LABELS = 30
"""Pairs labelled by people below which nothing can be said of a judge."""
KEY_VARIABLES = "BREWSLM_JUDGE_KEY"
"""How the environment variables begin that may hold a key: a pack of somebody else's must not send away any other."""


class JudgeSettings(Value):
    """Who judges, by what, and how often it may be asked."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: EndpointUrl
    """The base of any endpoint that speaks OpenAI's chat completions, such as http://127.0.0.1:8080/v1."""
    model: str = Field(min_length=1, max_length=200)
    """The model to ask there."""
    key_env: str | None = Field(None, pattern=rf"^{KEY_VARIABLES}[A-Z0-9_]*$", max_length=60)
    """The environment variable that holds the key, `BREWSLM_JUDGE_KEY` or one that begins so; None sends none."""
    rubric: str = Field(
        "The better answer is right, answers all that was asked, and nothing else.", min_length=1, max_length=4_000
    )
    """What makes an answer the better one."""
    rows: int = Field(100, ge=1, le=10_000)
    """Answered rows of each task that are judged, at most, evenly spread; each takes two calls."""
    max_calls: int = Field(1_000, ge=2, le=100_000)
    """Calls of one evaluation in all, labelled pairs and repeated calls included."""
    parallel: int = Field(4, ge=1, le=32)
    """Calls at a time."""
    shows_expected: bool = True
    """Whether the judge sees the expected answer of the row."""
    labels: str | None = Field(None, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Pairs that people have labelled (`brewslm eval pairs NAME`); without any the judge gates nothing."""
    min_kappa: float = Field(0.4, ge=0.0, le=1.0)
    """The lower end of the 95 % interval of Cohen's kappa with people must reach this before a gate counts."""


class AnswerPair(Value):
    """Two answers to one prompt."""

    prompt: str
    expected: str = ""
    """The answer that the row has; empty where the judge is not to see it."""
    first: str
    second: str

    def crossed(self) -> "AnswerPair":
        """The same two in the other order."""
        return self.model_copy(update={"first": self.second, "second": self.first})


class LabelledPair(AnswerPair):
    """A pair of which a person has said which answer is the better one."""

    human: Preference


class AnswerJudge(Protocol):
    """Somebody who says which of two answers is the better one."""

    @property
    def num_calls(self) -> int:
        """How often it was asked up to now, repeated calls included."""

    def prefer(self, pair: AnswerPair) -> Preference | None:
        """Ask once; None where the answer is no verdict. Threads may ask at the same time.

        Raises:
            AdvisorError: it cannot be reached, refuses, or has been asked as often as it may be.
        """


OpenJudge = Callable[[JudgeSettings], AnswerJudge]
"""Raises AdvisorError where its key is not there."""


def no_judge(settings: JudgeSettings) -> AnswerJudge:
    """Have nobody to ask.

    Raises:
        AdvisorError: always.
    """
    raise AdvisorError(f"Nobody can ask the judge at {settings.url} here.")


class LabelFiles(Protocol):
    """Pairs for people to label, by name: one JSON object a line."""

    def read(self, name: str) -> str:
        """Return the text of one.

        Raises:
            NotFoundError: there is none of that name.
            InvalidRequestError: it is no text.
        """

    def add(self, name: str, text: str) -> str:
        """Write a new one, and return where it is.

        Raises:
            ConflictError: there is one of that name already.
        """


class NoLabelFiles:
    """Implements it where there is no place for any."""

    def read(self, name: str) -> str:
        """Find nothing.

        Raises:
            NotFoundError: always.
        """
        raise NotFoundError(f"there are no labelled pairs {name!r}")

    def add(self, name: str, text: str) -> str:
        """Keep nothing.

        Raises:
            NotFoundError: always.
        """
        del text
        raise NotFoundError(f"there is no place for the labelled pairs {name!r}")


class Agreement(Value):
    """How well a judge agrees with people, both of whom may call a tie."""

    num_pairs: int
    share: float
    """Of pairs with the same verdict."""
    kappa: float
    """Cohen's: 0 is what chance gives, 1 is always (Cohen 1960)."""
    interval: Interval


class JudgeReport(Value):
    """What a judge said of an evaluation, and what its word is worth."""

    url: str
    model: str
    num_calls: int
    num_rows: int = 0
    wins: int = 0
    """Of the tuned model against its base, the same in both orders."""
    ties: int = 0
    """Called one, or not the same in both orders."""
    losses: int = 0
    num_inconsistent: int = 0
    """Ties by another verdict in the other order."""
    num_unreadable: int = 0
    """Ties by an answer of the judge that is no verdict."""
    agreement: Agreement | None = None
    """None where no labelled pairs were named."""
    may_gate: bool = False
    standing: str
    """Why it may, or why not; one sentence."""
    problem: str = ""
    """Why there is no verdict at all; empty where there is one."""
