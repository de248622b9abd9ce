"""Scores the candidates on the sampled rows, and says which one is certain."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.artifacts.schema import ColumnProfile, Hypothesis
from brewslm.core.data.example import Shape
from brewslm.core.mapping.convert import converter
from brewslm.core.mapping.outcome import Refused, SourceRow
from brewslm.core.mapping.rivalry import CERTAIN, option_of, problem_of_shape, rivals_of, told_columns
from brewslm.stages.introspect.view import Candidate

UNLIKELY = 0.50
"""Below this the best reading is no advice, so the user is told how to name the columns."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The shape that was chosen, or why none was."""

    shape: Shape | None
    problem: str = ""


def score(candidate: Candidate, rows: Sequence[SourceRow]) -> Hypothesis:
    """Confidence: the share of the readable rows of the sample that it converts, times the column evidence."""
    convert = converter(candidate.shape, candidate.columns, candidate.transforms)
    readable = [row for row in rows if row.record is not None]
    refused = [(row, outcome) for row in readable if isinstance(outcome := convert(row), Refused)]
    num_converted = len(readable) - len(refused)
    evidence = (*candidate.notes, f"converts {num_converted:,} of {len(readable):,} sampled rows")
    if refused:
        reason = Counter(outcome.reason for _, outcome in refused).most_common(1)[0][0]
        row, first = next((row, outcome) for row, outcome in refused if outcome.reason == reason)
        evidence = (*evidence, f"refuses most often {reason} (line {row.line}: {first.detail})")
    share = num_converted / max(1, len(readable))
    return Hypothesis(
        shape=candidate.shape,
        confidence=round(share * candidate.evidence, 4),
        evidence=evidence,
        columns=candidate.columns,
        transforms=candidate.transforms,
        mapper=candidate.mapper,
    )


def rank(hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """The most confident first, equals in the order given. Of equal readings the best evidenced one is kept."""
    ranked = sorted(hypotheses, key=lambda hypothesis: -hypothesis.confidence)
    kept: dict[tuple[Shape, str], Hypothesis] = {}
    for hypothesis in ranked:
        kept.setdefault((hypothesis.shape, told_columns(hypothesis)), hypothesis)
    return tuple(kept.values())


def choose(ranked: Sequence[Hypothesis], profiles: Sequence[ColumnProfile], as_shape: Shape | None) -> Choice:
    """Choose what the user named if it converts anything, else the first if it is certain and has no near rival."""
    names = ", ".join(repr(profile.name) for profile in profiles[:20]) or "none"
    if as_shape is not None:
        return _forced(ranked, names, as_shape)
    if ranked and ranked[0].confidence == 0.0:
        told = f"{ranked[0].shape}: {'; '.join(ranked[0].evidence)}"
        return Choice(None, f"No reading converts a row, not even {told}. Change the data, or name shape and columns.")
    if not ranked:
        return Choice(
            None,
            f"No reading converts a row; the columns are {names}. Name shape and columns with "
            "`--as SHAPE --column ROLE=COLUMN`, or rename them.",
        )
    best = ranked[0]
    rivals = rivals_of(best, ranked)
    if best.confidence < CERTAIN:
        problem = (
            f"The best reading is {best.shape} with a confidence of {best.confidence:.2f}, below {CERTAIN:.2f}: "
            f"{'; '.join(best.evidence)}. {_choices(best, rivals)}, or change the data."
        )
        if best.confidence < UNLIKELY:
            problem = (
                f"No reading is likely; the columns are {names}. {problem[:-1]}, or name them: "
                "`--as SHAPE --column ROLE=COLUMN`."
            )
        return Choice(None, problem)
    if rivals:
        told = " and ".join(f"{one.shape} ({one.confidence:.2f}; {told_columns(one)})" for one in (best, *rivals))
        return Choice(None, f"{told} are {'both' if len(rivals) == 1 else 'all'} plausible. {_choices(best, rivals)}.")
    return Choice(best.shape)


def _choices(best: Hypothesis, rivals: Sequence[Hypothesis]) -> str:
    if not rivals:
        return f"Choose it with `--as {best.shape}`"
    is_same_shape = len({one.shape for one in (best, *rivals)}) < len(rivals) + 1
    options = [option_of(one, with_columns=is_same_shape) for one in (best, *rivals)]
    return f"Choose one with {', '.join(options[:-1])} or {options[-1]}"


def _forced(ranked: Sequence[Hypothesis], names: str, as_shape: Shape) -> Choice:
    if not any(hypothesis.shape == as_shape and hypothesis.confidence > 0.0 for hypothesis in ranked):
        return Choice(None, f"Read as {as_shape}, no row is converted; the columns are {names}. Choose another shape.")
    problem = problem_of_shape(ranked, as_shape)
    return Choice(None, problem) if problem else Choice(as_shape)
