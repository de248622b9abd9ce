"""How well a judge agrees with people."""

from collections.abc import Sequence
from typing import Any, get_args

from brewslm.core.evaluation.judge import MIN_LABELS, Agreement, Preference
from brewslm.stages.evaluate.statistics import Paired, compare_pairs

_WORDS: tuple[Preference, ...] = get_args(Preference)


def agreement_of(judged: Sequence[Preference], human: Sequence[Preference], *, seed: int) -> Agreement:
    """Return share and Cohen's kappa of the same verdicts, with the interval of a bootstrap over pairs."""
    cells = [
        [float((one, other) == (row, column)) for row in _WORDS for column in _WORDS]
        for one, other in zip(judged, human, strict=True)
    ]
    (found,) = compare_pairs([Paired(cells, cells, kappa_of)], seed=seed)
    same = sum(one == other for one, other in zip(judged, human, strict=True))
    return Agreement(num_pairs=len(cells), share=same / len(cells), kappa=found.tuned, interval=found.tuned_interval)


def kappa_of(sums: Any) -> Any:  # noqa: ANN401 - an array of numpy
    """Return Cohen's kappa of counts [..., 9]; 0 where both always say the same one thing, which shows nothing."""
    import numpy as np

    table = sums.reshape(*sums.shape[:-1], len(_WORDS), len(_WORDS))
    total = table.sum(axis=(-1, -2))
    seen = np.trace(table, axis1=-2, axis2=-1) / total
    chance = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / total**2
    room = 1.0 - chance
    return np.where(room <= 0.0, 0.0, (seen - chance) / np.where(room <= 0.0, 1.0, room))


def standing_of(agreement: Agreement | None, min_kappa: float) -> tuple[bool, str]:
    """Say whether a judge may gate, and why."""
    if agreement is None:
        return False, "The judge is shown, but gates nothing: people have labelled no pairs for it."
    span = f"kappa {agreement.kappa:.2f} [{agreement.interval.low:.2f}, {agreement.interval.high:.2f}]"
    seen = f"{span} with people on {agreement.num_pairs} pairs"
    if agreement.num_pairs < MIN_LABELS:
        return False, f"The judge is shown, but gates nothing: {seen}; label at least {MIN_LABELS}."
    if agreement.interval.low < min_kappa:
        return False, f"The judge is shown, but gates nothing: {seen}; its lower end must reach {min_kappa:g}."
    return True, f"The judge agrees with people, so it may gate: {seen}."
