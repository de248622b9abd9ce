"""What the endpoint is asked and answers, against what it was asked and answered at first."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from brewslm.core.drift.statistics import Tested, holm, kolmogorov_smirnov, population_stability, two_shares
from brewslm.core.serving.host import LoggedRequest
from brewslm.core.value import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Verdict = Literal["passing", "borderline", "drift", "not_enough_data"]

MIN_REQUESTS = 100
"""On either side; with fewer, only a change that anybody would see could be told from chance."""
MAX_REQUESTS = 1000
"""More would find differences that matter to nobody."""
ALPHA = 0.001
"""Of all checks of one round together (Holm). Rounds come hourly: at one in a hundred there would be one a week."""
NUM_BUCKETS = 64
SEED = 20261

MIN_EFFECTS = {"ks": 0.2, "psi": 0.2, "share": 0.1}
"""Below it a difference is real, but small: borderline. 0.2 is what credit scoring calls a shift of a population."""


class DriftCheck(Value):
    """One comparison."""

    name: str
    verdict: Verdict
    test: Literal["ks", "psi", "share", "golden"]
    effect: float | None = None
    """Of ks the largest distance of cumulative shares, of psi the index, of share the difference."""
    p_value: float | None = None
    """Corrected for the number of checks."""
    said: str


def compare(before: Sequence[LoggedRequest], now: Sequence[LoggedRequest]) -> tuple[DriftCheck, ...]:
    """Compare requests of a release's first time with the newest ones; only answered ones count."""
    old = [one for one in before if one.status == 200][:MAX_REQUESTS]
    new = [one for one in now if one.status == 200][-MAX_REQUESTS:]
    if min(len(old), len(new)) < MIN_REQUESTS:
        said = f"{len(old)} requests at first and {len(new)} since; {MIN_REQUESTS} of each are needed"
        return (DriftCheck(name="traffic", verdict="not_enough_data", test="ks", said=said),)
    made = [(name, kind, told) for name, kind, make in _TESTS if (told := make(old, new)) is not None]
    corrected = holm([told.p_value for _, _, told in made])
    return tuple(
        _judged(name, kind, told.effect, p_value, (len(old), len(new)))
        for (name, kind, told), p_value in zip(made, corrected, strict=True)
    )


def worst(checks: Sequence[DriftCheck]) -> Verdict:
    """The verdict over all of them; what could not be looked at counts only where nothing could."""
    known = [check.verdict for check in checks if check.verdict != "not_enough_data"]
    order: tuple[Verdict, ...] = ("drift", "borderline", "passing")
    return next((verdict for verdict in order if verdict in known), "not_enough_data")


def _judged(
    name: str, kind: Literal["ks", "psi", "share"], effect: float, p_value: float, sizes: tuple[int, int]
) -> DriftCheck:
    verdict: Verdict = "passing"
    if p_value < ALPHA:
        verdict = "drift" if abs(effect) >= MIN_EFFECTS[kind] else "borderline"
    spelled = {"ks": "distance", "psi": "PSI", "share": "difference"}[kind]
    said = f"{spelled} {effect:+.3f}, p {p_value:.2g}, {sizes[0]} requests at first and {sizes[1]} now"
    return DriftCheck(name=name, verdict=verdict, test=kind, effect=effect, p_value=p_value, said=said)


def _numbers(read: Callable[[LoggedRequest], float | None]) -> Callable[..., Tested | None]:
    def test(old: Sequence[LoggedRequest], new: Sequence[LoggedRequest]) -> Tested | None:
        first = [value for one in old if (value := read(one)) is not None]
        second = [value for one in new if (value := read(one)) is not None]
        if min(len(first), len(second)) < MIN_REQUESTS:
            return None
        return kolmogorov_smirnov(first, second)

    return test


def _share(is_hit: Callable[[LoggedRequest], bool]) -> Callable[..., Tested | None]:
    def test(old: Sequence[LoggedRequest], new: Sequence[LoggedRequest]) -> Tested | None:
        return two_shares((sum(map(is_hit, old)), len(old)), (sum(map(is_hit, new)), len(new)))

    return test


def _words(old: Sequence[LoggedRequest], new: Sequence[LoggedRequest]) -> Tested | None:
    first, second = _counted(old), _counted(new)
    if min(len(first), len(second)) < MIN_REQUESTS:
        return None
    return population_stability(first, second, seed=SEED)


def _counted(requests: Sequence[LoggedRequest]) -> "NDArray[np.int64]":
    import numpy as np

    rows = [np.bincount(one.word_buckets, minlength=NUM_BUCKETS) for one in requests if one.word_buckets]
    return np.asarray(rows, dtype=np.int64).reshape(len(rows), NUM_BUCKETS)


_TESTS: tuple[tuple[str, Literal["ks", "psi", "share"], Callable[..., Tested | None]], ...] = (
    ("prompt length", "ks", _numbers(lambda one: one.prompt_tokens)),
    ("vocabulary", "psi", _words),
    ("answer length", "ks", _numbers(lambda one: one.completion_tokens)),
    ("log-probability", "ks", _numbers(lambda one: one.mean_logprob)),
    ("refusals", "share", _share(lambda one: bool(one.is_refusal))),
    ("answers cut off", "share", _share(lambda one: one.finish_reason == "length")),
)
