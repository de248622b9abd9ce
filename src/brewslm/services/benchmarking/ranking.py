"""From the worker's scores to a ranked shortlist. Every difference comes with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.artifacts.outlook.benchmark import Candidate, FloorCheck, Score, Standing
from brewslm.core.evaluation.interval import Interval
from brewslm.core.wire.result import ModelMeasurement, RowScores
from brewslm.stages.evaluate.statistics import NUM_RESAMPLES, paired_ratio_interval

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate, what a worker saw of it, and what its rows cost a unigram model."""

    measurement: ModelMeasurement
    model_hash: str
    num_parameters: int
    floor_losses: tuple[float, ...]

    @property
    def decisive(self) -> RowScores:
        """What it is ranked by."""
        return self.measurement.probed or self.measurement.zero_shot


@dataclass(frozen=True, slots=True)
class Rows:
    """What is the same for all candidates."""

    bytes: tuple[int, ...]
    labels: tuple[str, ...]
    """The right answers, of classification."""
    majority: str
    """The most frequent label of the train split."""
    seed: int


def rank(measured: Sequence[Measured], rows: Rows) -> tuple[Candidate, ...]:
    """Order the candidates by loss, and say of each whether its distance to the first may be chance.

    All are compared with the one that came out first, so each interval is as wide as makes all of them hold together
    with 95 % confidence (Bonferroni).
    """
    ranked = sorted(measured, key=lambda one: sum(one.decisive.losses))
    confidence = 1.0 - (1.0 - CONFIDENCE) / max(len(ranked) - 1, 1)
    candidates = []
    for one in ranked:
        distance = None
        standing: Standing = "first"
        if one is not ranked[0]:
            distance = _per_byte(one.decisive.losses, ranked[0].decisive.losses, rows, confidence)
            standing = "behind" if distance.low > 0.0 else "cannot tell"
        candidates.append(_candidate(one, rows, standing, distance))
    return tuple(candidates)


def _candidate(one: Measured, rows: Rows, standing: Standing, distance: Interval | None) -> Candidate:
    seen = one.measurement
    return Candidate(
        name=seen.name,
        model_hash=one.model_hash,
        num_parameters=one.num_parameters,
        zero_shot=_score(seen.zero_shot, rows),
        probed=None if seen.probed is None else _score(seen.probed, rows),
        learning_rate=seen.learning_rate,
        scored_tokens_per_second=seen.scored_tokens_per_second,
        trained_tokens_per_second=seen.trained_tokens_per_second,
        peak_memory_bytes=seen.peak_memory_bytes,
        floor=check_floor(one, rows),
        standing=standing,
        distance=distance,
    )


def check_floor(one: Measured, rows: Rows) -> FloorCheck:
    """Set a candidate against its floor: of classification the majority label, else a unigram model."""
    if rows.labels:
        hits = [float(guess == right) for guess, right in zip(one.decisive.labels, rows.labels, strict=True)]
        floor = [float(rows.majority == right) for right in rows.labels]
        differences = [hit - other for hit, other in zip(hits, floor, strict=True)]
        interval = paired_ratio_interval(differences, [1.0] * len(hits), seed=rows.seed)
        count = len(hits)
        return FloorCheck(
            measure="accuracy",
            floor=sum(floor) / count,
            value=sum(hits) / count,
            interval=interval,
            passed=interval.low > 0.0,
        )
    interval = _per_byte(one.decisive.losses, one.floor_losses, rows, CONFIDENCE)
    return FloorCheck(
        measure="bits_per_byte",
        floor=bits_per_byte(one.floor_losses, rows.bytes),
        value=bits_per_byte(one.decisive.losses, rows.bytes),
        interval=interval,
        passed=interval.high < 0.0,
    )


def bits_per_byte(losses: Sequence[float], num_bytes: Sequence[int]) -> float:
    """Return losses in nats as bits for each byte of text."""
    return sum(losses) / math.log(2) / sum(num_bytes)


def _score(scores: RowScores, rows: Rows) -> Score:
    hits = [guess == right for guess, right in zip(scores.labels, rows.labels, strict=True)]
    return Score(
        bits_per_byte=bits_per_byte(scores.losses, rows.bytes), accuracy=sum(hits) / len(hits) if hits else None
    )


def _per_byte(losses: Sequence[float], others: Sequence[float], rows: Rows, confidence: float) -> Interval:
    """Return the interval of the difference of two candidates on the same rows, in bits per byte."""
    differences = [(loss - other) / math.log(2) for loss, other in zip(losses, others, strict=True)]
    weights = [float(count) for count in rows.bytes]
    interval = paired_ratio_interval(differences, weights, seed=rows.seed, confidence=confidence)
    method = (
        f"paired bootstrap over rows, {NUM_RESAMPLES:,} resamples, percentile, widened for few rows, {confidence:.2%}"
    )
    return interval.model_copy(update={"method": method})
