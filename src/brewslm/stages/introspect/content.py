"""What the texts of a column say about who speaks: who asks, who answers, who is longer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_ASKS = re.compile("[?\uff1f\u061f\u055e\u037e]")
"""Question marks: Latin, full-width, Arabic, Armenian, Greek."""
_REQUESTS = re.compile(
    r"\s*(?:please|can you|could you|would you|how (?:do|can|to|does)|what|why|who|when|where|which|i'm |my "
    r"|i (?:need|want|can't|cannot|have|am)|write|explain|describe|list|summari[sz]e|translate|create|give|tell"
    r"|generate|make|show|find|help)\b",
    re.IGNORECASE,
)
_ANSWERS = re.compile(
    r"\s*(?:sure|of course|certainly|absolutely|thank you for|thanks for|i'm sorry|i am sorry|sorry|no problem"
    r"|hello!|hi!|yes[,.]|no[,.]|you can|you should|here (?:is|are)|here's|to |we |let me|glad|great|as an ai"
    r"|it is|it's|the |there (?:is|are))\b",
    re.IGNORECASE,
)
MAX_CHARACTERS = 4000
CLEAR = 0.4
"""How much more often one column asks than the other before that says who asks."""
MUCH_LONGER = 1.5


@dataclass(frozen=True, slots=True)
class Manner:
    """How the texts of a column speak."""

    asks: float
    """Share with a question mark of any script."""
    requests: float
    """Share that begins like a request."""
    answers: float
    """Share that begins like an answer."""
    length: float
    """Median, in characters."""


def manner_of(texts: Sequence[str]) -> Manner:
    """Look at the texts of a column, at the beginning of long ones."""
    lengths = [len(text) for text in texts]
    texts = [text[:MAX_CHARACTERS] for text in texts]
    num = max(1, len(texts))
    return Manner(
        asks=sum(bool(_ASKS.search(text)) for text in texts) / num,
        requests=sum(bool(_REQUESTS.match(text)) for text in texts) / num,
        answers=sum(bool(_ANSWERS.match(text)) for text in texts) / num,
        length=median(lengths) if lengths else 0.0,
    )


def answering(first: Manner, second: Manner) -> tuple[float, str]:
    """How sure it is, from 0 to 1, that the second answers the first, and what says so.

    A clear difference of question marks says most; requests against answers less; that answers are longer only
    adds to these.
    """
    longer = second.length >= MUCH_LONGER * max(1.0, first.length)
    by_marks = first.asks - second.asks
    by_words = (first.requests - second.requests + second.answers - first.answers) / 2
    if by_marks >= CLEAR:
        note = f"one asks in {first.asks:.0%} of the rows, the other in {second.asks:.0%}"
        return min(0.95, 0.86 + 0.1 * (by_marks - CLEAR) + 0.04 * longer), note
    if by_words >= CLEAR and by_marks >= 0.0:
        return min(0.9, 0.82 + 0.1 * (by_words - CLEAR) + 0.04 * longer), "one requests, the other answers"
    if by_words >= CLEAR / 2 and by_marks >= CLEAR / 2:
        return 0.82, "one asks and requests more than the other"
    return (0.7 if longer and by_marks > -0.1 else 0.5), "nothing says which of both answers the other"
