"""Scores the candidates on the sampled rows, and says which one is certain."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.artifacts.schema import ColumnProfile, Hypothesis
from brewslm.core.data.example import Shape
from brewslm.core.mapping.convert import convert
from brewslm.core.mapping.outcome import Refused, SourceRow
from brewslm.stages.introspect.candidates import Candidate

CERTAIN = 0.80
MARGIN = 0.10


@dataclass(frozen=True, slots=True)
class Choice:
    """The shape that was chosen, or why none was."""

    shape: Shape | None
    problem: str = ""


def score(candidate: Candidate, rows: Sequence[SourceRow]) -> Hypothesis:
    """Confidence: the share of the readable rows of the sample that it converts, times the column evidence."""
    readable = [row for row in rows if row.record is not None]
    refused = [(row, outcome) for row in readable if isinstance(outcome := _try(candidate, row), Refused)]
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
    )


def rank(hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """The most confident first; equals by name of their shape."""
    return tuple(sorted(hypotheses, key=lambda hypothesis: (-hypothesis.confidence, hypothesis.shape)))


def choose(ranked: Sequence[Hypothesis], profiles: Sequence[ColumnProfile], as_shape: Shape | None) -> Choice:
    """Choose what the user named if it converts anything, else the first if it is certain and has no near rival."""
    names = ", ".join(repr(profile.name) for profile in profiles) or "none"
    if as_shape is not None:
        return _forced(ranked, names, as_shape)
    if ranked and ranked[0].confidence == 0.0:
        told = f"{ranked[0].shape}: {'; '.join(ranked[0].evidence)}"
        return Choice(None, f"No reading converts a row, not even {told}. Change the data, or name shape and columns.")
    if not ranked:
        return Choice(
            None, f"No reading converts a row; the columns are {names}. Rename them, or name shape and columns."
        )
    best = ranked[0]
    if best.confidence < CERTAIN:
        problem = (
            f"The best reading is {best.shape} with a confidence of {best.confidence:.2f}, below {CERTAIN:.2f}: "
            f"{'; '.join(best.evidence)}. Choose it with `--as {best.shape}`, or change the data."
        )
        return Choice(None, problem)
    if len(ranked) > 1 and best.confidence - ranked[1].confidence < MARGIN:
        rival = ranked[1]
        problem = (
            f"{best.shape} ({best.confidence:.2f}) and {rival.shape} ({rival.confidence:.2f}) are both plausible. "
            f"Choose one with `--as {best.shape}` or `--as {rival.shape}`."
        )
        return Choice(None, problem)
    return Choice(best.shape)


def _forced(ranked: Sequence[Hypothesis], names: str, as_shape: Shape) -> Choice:
    found = next((hypothesis for hypothesis in ranked if hypothesis.shape == as_shape), None)
    if found is not None and found.confidence > 0.0:
        return Choice(as_shape)
    return Choice(None, f"Read as {as_shape}, no row is converted; the columns are {names}. Choose another shape.")


def _try(candidate: Candidate, row: SourceRow) -> object:
    return convert(row, candidate.shape, candidate.columns)
