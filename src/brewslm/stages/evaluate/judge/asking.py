"""Asking a judge in both orders."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from brewslm.core.evaluation.judge import AnswerJudge, AnswerPair, Preference

_CROSSED: dict[Preference, Preference] = {"first": "second", "second": "first", "tie": "tie"}


@dataclass(frozen=True, slots=True)
class Settled:
    """What is made of two answers of a judge."""

    verdict: Preference
    """A tie where the other order gave another verdict."""
    is_consistent: bool = True
    is_readable: bool = True


def settle(judge: AnswerJudge, pair: AnswerPair) -> Settled:
    """Ask in both orders.

    Raises:
        AdvisorError: the judge cannot be asked.
    """
    straight, other = judge.prefer(pair), judge.prefer(pair.crossed())
    if straight is None or other is None:
        return Settled("tie", is_readable=False)
    is_consistent = straight == _CROSSED[other]
    return Settled(straight if is_consistent else "tie", is_consistent=is_consistent)


def settle_all(
    judge: AnswerJudge, pairs: Sequence[AnswerPair], *, parallel: int, on_settled: Callable[[], None]
) -> tuple[Settled, ...]:
    """Ask about all of them, some at a time; the first that cannot be asked ends it.

    Args:
        judge: whom to ask.
        pairs: what about.
        parallel: how many at a time.
        on_settled: told after each; what it raises ends it, too.

    Raises:
        AdvisorError: the judge cannot be asked.
    """
    settled = []
    with ThreadPoolExecutor(parallel, thread_name_prefix="judge") as pool:
        waiting = [pool.submit(settle, judge, pair) for pair in pairs]
        try:
            for one in waiting:
                settled.append(one.result())
                on_settled()
        except BaseException:
            for one in waiting:
                one.cancel()
            raise
    return tuple(settled)
