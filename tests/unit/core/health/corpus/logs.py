"""A labelled log, and the healthy training that every log of the corpus begins as."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from brewslm.core.health.observation import Observation
from brewslm.core.health.sighting import DetectorName


@dataclass(frozen=True)
class LabelledLog:
    """Observations with what is wrong in them."""

    name: str
    strength: str
    observations: tuple[Observation, ...]
    expected: dict[DetectorName, int] = field(default_factory=dict)
    """Detectors that must speak, and the place of the onset."""
    allowed: frozenset[DetectorName] = frozenset()
    """Detectors that may speak from the first onset on, because the trouble shows in what they watch, too."""

    @property
    def is_healthy(self) -> bool:
        return not self.expected


@dataclass(frozen=True)
class Shape:
    """How a training looks while it is well."""

    num: int = 240
    log_every: int = 5
    floor: float = 1.6
    drop: float = 1.2
    pace: float = 12.0
    """Records after which the drop is down to about 0.7 of itself."""
    noise: float = 0.04
    """Standard deviation of the logarithm of a record's loss."""
    grad_noise: float = 0.25
    eval_every: int = 20
    """Records between evaluations; 0 for none."""
    eval_noise: float = 0.004
    checkpoint_every: int = 20
    seconds: float = 4.0
    eval_seconds: float = 30.0
    warmup: int = 12
    has_cosine: bool = True
    has_times: bool = True
    speed_noise: float = 0.05


def level(shape: Shape, at: int) -> float:
    """The loss without noise at a record."""
    return shape.floor + shape.drop / math.sqrt(1 + at / shape.pace)


def learning_rate(shape: Shape, at: int) -> float:
    warm = min(1.0, (at + 1) / max(1, shape.warmup))
    cosine = 0.5 * (1 + math.cos(math.pi * at / shape.num)) if shape.has_cosine else 1.0
    return 2e-4 * warm * cosine


def train(
    rng: random.Random,
    shape: Shape,
    *,
    loss: Callable[[int, float], float] = lambda _at, value: value,
    eval_loss: Callable[[int, float], float] = lambda _at, value: value,
    step: Callable[[int, Observation], Observation] = lambda _at, seen: seen,
    pause: Callable[[int], float] = lambda _at: 0.0,
) -> list[Observation]:
    """Write the log of one attempt; the functions change what a record would hold, by its place among the steps."""
    now = 1_000_000.0
    written: list[Observation] = [
        Observation("start", time=now, attempt=1, total_steps=shape.num * shape.log_every, memory_limit_bytes=16 << 30)
    ]
    for at in range(shape.num):
        now += shape.seconds * rng.uniform(0.9, 1.1) + pause(at)
        value = loss(at, level(shape, at) * math.exp(rng.gauss(0, shape.noise)))
        seen = Observation(
            "step",
            step=(at + 1) * shape.log_every,
            time=now,
            loss=value,
            grad_norm=0.8 * math.exp(rng.gauss(0, shape.grad_noise)),
            learning_rate=learning_rate(shape, at),
            tokens_per_second=2000 * max(0.3, rng.gauss(1, shape.speed_noise)),
            memory_bytes=9 << 30,
        )
        written.append(step(at, seen))
        if shape.eval_every and (at + 1) % shape.eval_every == 0:
            now += shape.eval_seconds * rng.uniform(0.9, 1.1)
            clean = (level(shape, at) + 0.05) * math.exp(rng.gauss(0, shape.eval_noise))
            written.append(Observation("eval", step=seen.step, time=now, eval_loss=eval_loss(at, clean)))
        if shape.checkpoint_every and (at + 1) % shape.checkpoint_every == 0:
            now += 1.0
            written.append(Observation("checkpoint", step=seen.step, time=now))
    return written if shape.has_times else [replace(seen, time=None) for seen in written]


def place_of(observations: list[Observation], step_record: int) -> int:
    """Where in the log the so-and-so-manieth step record stands."""
    places = [place for place, seen in enumerate(observations) if seen.kind == "step"]
    return places[step_record]


def compared(observations: list[Observation], *, base: float, half_width: float) -> list[Observation]:
    """Add to each evaluation the lower end of the interval of its loss minus that of the base, both in nats."""
    return [
        seen if seen.eval_loss is None else replace(seen, eval_delta_low=seen.eval_loss - base - half_width)
        for seen in observations
    ]
