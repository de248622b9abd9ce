"""Trainings in which one thing goes wrong, each at several strengths."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from brewslm.core.health.observation import Observation
from brewslm.core.health.sighting import DetectorName
from tests.unit.core.health.corpus.logs import LabelledLog, Shape, compared, level, place_of, train

NAN = math.nan
Written = tuple[list[Observation], int]
"""A log, and the step record at which the trouble begins."""


@dataclass(frozen=True)
class Failure:
    """One kind of trouble."""

    detector: DetectorName
    make: Callable[[random.Random, Any], Written]
    strengths: Sequence[Any]
    allowed: frozenset[DetectorName] = field(default_factory=frozenset)


def _fields(shape: Shape, onset: int, until: int | None = None, **changed: Any) -> Callable[..., Written]:
    """Write a log in which fields hold other values from the onset on; a callable value gets the old one."""

    def make(rng: random.Random) -> Written:
        def change(at: int, seen: Observation) -> Observation:
            if at < onset or (until is not None and at >= until):
                return seen
            values = {name: value(getattr(seen, name)) if callable(value) else value for name, value in changed.items()}
            return replace(seen, **values)

        return train(rng, shape, step=change), onset

    return make


def _non_finite(rng: random.Random, kind: str) -> Written:
    onset = rng.randint(5, 150)
    changes: dict[str, dict[str, Any]] = {
        "loss once": {"loss": NAN, "until": onset + 1},
        "loss": {"loss": NAN},
        "gradient only": {"grad_norm": math.inf},
        "zero loss, NaN gradient": {"loss": 0.0, "grad_norm": NAN},
        "some losses": {"loss": lambda loss: NAN if rng.random() < 0.5 else loss, "grad_norm": NAN},
    }
    return _fields(Shape(), onset, **changes[kind])(rng)


def _zero_loss(rng: random.Random, num: int) -> Written:
    onset = rng.randint(5, 150)
    return _fields(Shape(), onset, onset + num, loss=0.0)(rng)


def _spike(rng: random.Random, strength: tuple[float, int, float]) -> Written:
    times, num, noise = strength
    onset = rng.randint(30, 180)
    return _fields(Shape(noise=noise), onset, onset + num, loss=lambda loss: loss * times)(rng)


def _early_spike(rng: random.Random, times: float) -> Written:
    return _fields(Shape(), 2, 3, loss=lambda loss: loss * times)(rng)


def _divergence(rng: random.Random, strength: tuple[str, float, float]) -> Written:
    kind, rise, noise = strength
    onset = rng.randint(60, 120)
    pace = {"step": 1, "ramp": 25, "slow drift": 90}[kind]

    def risen(at: int, loss: float) -> float:
        return loss * (1 + rise * min(1.0, max(0, at - onset + 1) / pace))

    return train(rng, Shape(noise=noise, eval_every=0), loss=risen), onset


def _plateau(rng: random.Random, strength: tuple[str, float]) -> Written:
    kind, noise = strength
    onset = rng.randint(30, 50)
    shape = Shape(num=400, noise=noise, has_cosine=False, eval_every=20 if kind == "evals" else 0)

    def stuck(at: int, value: float) -> float:
        return value * level(shape, min(at, onset)) / level(shape, at)

    return train(rng, shape, loss=stuck, eval_loss=stuck), onset


def _over_fit(rng: random.Random, strength: tuple[float, float]) -> Written:
    rise, noise = strength
    onset = 80
    shape = Shape(eval_every=16, eval_noise=noise)

    def memorised(at: int, loss: float) -> float:
        return loss * (1 - 0.5 * max(0, at - onset) / 160)

    def worse(at: int, loss: float) -> float:
        since = max(0, at - onset)
        return loss * level(shape, at - since) / level(shape, at) * (1 + rise * since / 160)

    return train(rng, shape, loss=memorised, eval_loss=worse), onset


def _not_learning(rng: random.Random, noise: float) -> Written:
    return train(rng, Shape(num=300, drop=0.0, noise=noise, eval_every=0)), 60


def _gradient(rng: random.Random, strength: tuple[str, float]) -> Written:
    kind, times = strength
    onset = rng.randint(60, 160)
    until = {"once": onset + 1, "stays": None, "burst": onset + 4}[kind]
    return _fields(Shape(grad_noise=0.25), onset, until, grad_norm=lambda norm: norm * times)(rng)


def _throughput(rng: random.Random, share: float) -> Written:
    onset = rng.randint(40, 160)
    return _fields(Shape(speed_noise=0.08), onset, tokens_per_second=lambda speed: speed * share)(rng)


def _utilisation(rng: random.Random, strength: tuple[float, float]) -> Written:
    busy, wait = strength
    onset = rng.randint(30, 100)

    def facts(at: int, seen: Observation) -> Observation:
        used, waits = (busy, wait) if at >= onset else (0.9, 0.05)
        return replace(seen, utilisation=used + rng.uniform(-0.04, 0.04), data_wait=waits + rng.uniform(-0.03, 0.03))

    return train(rng, Shape(num=160), step=facts), onset


def _memory(rng: random.Random, share: float) -> Written:
    onset = rng.randint(10, 100)
    return _fields(Shape(num=140), onset, memory_bytes=int(share * (16 << 30)))(rng)


def _stall(rng: random.Random, strength: tuple[str, float]) -> Written:
    kind, seconds = strength
    onset = rng.randint(40, 140)
    written = train(rng, Shape(), pause=lambda at: seconds if at == onset and kind == "pause" else 0.0)
    if kind == "pause":
        return written, onset
    place = place_of(written, onset)
    last = written[place - 1].time or 0.0
    ticks = [Observation("tick", time=last + 60.0 * minute) for minute in range(1, int(seconds / 60))]
    return [*written[:place], *ticks], onset


def _checkpoints_stop(rng: random.Random, every: int) -> Written:
    shape = Shape(checkpoint_every=every)
    onset = every * rng.randint(2, 3)
    written = train(rng, shape)
    place = place_of(written, onset)
    return [one for at, one in enumerate(written) if at < place or one.kind != "checkpoint"], onset


def _disk(rng: random.Random, free: float) -> Written:
    onset = rng.randint(10, 100)
    facts = {"disk_free_bytes": int(free * (1 << 30)), "checkpoint_bytes": 1 << 30}
    return _fields(Shape(num=140), onset, **facts)(rng)


def _hot(rng: random.Random, strength: dict[str, Any]) -> Written:
    return _fields(Shape(num=140), rng.randint(10, 100), **strength)(rng)


def _gpu_errors(rng: random.Random, num: int) -> Written:
    onset = rng.randint(10, 100)

    def facts(at: int, seen: Observation) -> Observation:
        return replace(seen, num_device_errors=2 + (num if at >= onset else 0))

    return train(rng, Shape(num=140), step=facts), onset


def _steps_back(rng: random.Random, back: int) -> Written:
    """A trainer that was restarted from a checkpoint, and goes on writing without a word."""
    written = train(rng, Shape())
    onset = rng.randint(100, 160)
    place = place_of(written, onset)
    again = train(random.Random(rng.random()), Shape())[place_of(written, onset - back) :]
    late = (written[place - 1].time or 0) + 20 - (again[0].time or 0)
    return [*written[:place], *(replace(one, time=(one.time or 0) + late) for one in again)], onset


def _worse_than_base(rng: random.Random, strength: tuple[float, float]) -> Written:
    """Forgetting: from the first evaluation on the tuned model is worse than its base, and it must be said by half."""
    worse, noise = strength
    shape, base = Shape(eval_noise=noise), 1.5
    written = train(rng, shape, eval_loss=lambda at, value: (base + worse) * value / (level(shape, at) + 0.05))
    return compared(written, base=base, half_width=0.02), shape.num // 2 - 1


def _group(*names: DetectorName) -> frozenset[DetectorName]:
    return frozenset(names)


FAILURES: tuple[Failure, ...] = (
    Failure(
        "non_finite",
        _non_finite,
        ("loss once", "loss", "gradient only", "zero loss, NaN gradient", "some losses"),
        _group("zero_loss", "plateau", "not_learning"),
    ),
    Failure("zero_loss", _zero_loss, (2, 3, 20), _group("spike", "divergence", "plateau", "not_learning")),
    Failure(
        "spike",
        _spike,
        ((1.5, 1, 0.02), (2.0, 1, 0.05), (4.0, 1, 0.05), (8.0, 3, 0.1), (1.6, 2, 0.1)),
        _group("divergence"),
    ),
    Failure("spike", _early_spike, (5.0, 20.0), _group("divergence", "not_learning")),
    Failure(
        "divergence",
        _divergence,
        (
            *(("step", 0.5, 0.03), ("step", 2.0, 0.1), ("ramp", 0.4, 0.04), ("ramp", 3.0, 0.1)),
            *(("slow drift", 0.4, 0.03), ("slow drift", 0.8, 0.08)),
        ),
        _group("spike", "plateau"),
    ),
    Failure("plateau", _plateau, (("train", 0.01), ("train", 0.02), ("evals", 0.04), ("evals", 0.1)), _group()),
    Failure("over_fit", _over_fit, ((0.1, 0.002), (0.3, 0.004), (0.8, 0.01)), _group("plateau")),
    Failure("not_learning", _not_learning, (0.01, 0.04, 0.1), _group("plateau")),
    Failure("gradient_norm", _gradient, (("once", 10), ("once", 200), ("burst", 20), ("stays", 8), ("stays", 500))),
    Failure("throughput", _throughput, (0.4, 0.25, 0.05)),
    Failure("utilisation", _utilisation, ((0.4, 0.05), (0.2, 0.6), (0.8, 0.5))),
    Failure("memory", _memory, (0.955, 0.97, 0.995)),
    Failure("stall", _stall, (("pause", 120.0), ("pause", 3600.0), ("ticks", 1200.0), ("ticks", 4000.0))),
    Failure("checkpoint_freshness", _checkpoints_stop, (10, 20)),
    Failure("disk_space", _disk, (3.5, 1.5, 0.1)),
    Failure(
        "gpu_temperature",
        _hot,
        ({"temperature": 87.0}, {"temperature": 95.0}, {"memory_temperature": 100.0}, {"is_throttled": True}),
    ),
    Failure("gpu_errors", _gpu_errors, (1, 40)),
    Failure("step_order", _steps_back, (10, 60), _group("stall")),
    Failure("worse_than_base", _worse_than_base, ((0.06, 0.004), (0.2, 0.01), (1.0, 0.02)), _group("plateau")),
)


def failing_logs(seed: int, *, each: int) -> Iterator[LabelledLog]:
    """Make so many logs of every strength of every failure."""
    for failure in FAILURES:
        for strength in failure.strengths:
            for number in range(each):
                rng = random.Random(f"{seed} {failure.detector} {strength} {number}")
                written, onset = failure.make(rng, strength)
                ticks = [place for place, one in enumerate(written) if one.kind == "tick"]
                expected = {failure.detector: ticks[0] if ticks else place_of(written, onset)}
                yield LabelledLog(failure.detector, str(strength), tuple(written), expected, failure.allowed)
