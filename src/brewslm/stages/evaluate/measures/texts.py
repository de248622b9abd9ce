"""How near an answer is to the expected one, 0 to 1 (`chrf` 0 to 100)."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from brewslm.core.errors import BrewError
from brewslm.core.events.reasons import Reason

_WORD = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """Return a text without case, and with single spaces."""
    return " ".join(text.casefold().split())


def exact_match(answer: str, expected: str) -> float:
    """Whether both are the same, case and spaces aside."""
    return float(plain(answer) == plain(expected))


def words(text: str) -> list[str]:
    """Return the letters and digits of a text, word by word, without case."""
    return _WORD.findall(text.lower())


def overlap(found: Sequence[str], expected: Sequence[str]) -> tuple[float, float]:
    """Return twice the number of common words, and the number of all: their ratio is F1."""
    common = sum((Counter(found) & Counter(expected)).values())
    return 2.0 * common, float(len(found) + len(expected))


def token_f1(answer: str, expected: str) -> float:
    """Return the F1 of the common words, counted as often as they are there (Rajpurkar et al. 2016)."""
    found, wanted = words(answer), words(expected)
    common, total = overlap(found, wanted)
    return common / total if total else 1.0


def rouge_l(answer: str, expected: str) -> float:
    """Return the F1 of the longest common subsequence of words (Lin 2004), without stemming."""
    found, wanted = words(answer), words(expected)
    if not found or not wanted:
        return 0.0
    return 2.0 * _longest_common(found, wanted) / (len(found) + len(wanted))


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    row = [0] * (len(second) + 1)
    for one in first:
        before = 0
        for place, other in enumerate(second, start=1):
            kept = row[place]
            row[place] = before + 1 if one == other else max(kept, row[place - 1])
            before = kept
    return row[-1]


def chrf(answer: str, expected: str) -> float:
    """Return chrF2 of one answer, 0 to 100, by sacrebleu (Popović 2015).

    Raises:
        BrewError: sacrebleu is not installed.
    """
    return float(_sacrebleu_chrf().sentence_score(answer, [expected]).score)


@cache
def _sacrebleu_chrf() -> Any:  # noqa: ANN401 - of a library that loads where it is used
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        message = "the metric chrf needs sacrebleu; install it with `pip install 'brewslm[eval]'`"
        raise BrewError(message, reason=Reason.EVALUATION_RUNTIME_ERROR) from error
    return CHRF()
