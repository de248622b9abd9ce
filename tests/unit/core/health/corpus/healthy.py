"""Trainings that are well, in many shapes. Nothing may be said of them."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from brewslm.core.health.observation import Observation
from tests.unit.core.health.corpus.logs import LabelledLog, Shape, compared, level, train

Maker = Callable[[random.Random], list[Observation]]


def _plain(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(noise=rng.choice([0.01, 0.03, 0.06]), has_cosine=rng.random() < 0.5))


def _long_warm_up(rng: random.Random) -> list[Observation]:
    shape = Shape(warmup=50)
    return train(rng, shape, loss=lambda at, value: value + 0.6 * max(0.0, 1 - at / 30))


def _learning_rate_restarts(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(num=320), loss=lambda at, value: value * (1 + 0.1 * math.exp(-(at % 80) / 6) * (at >= 80)))


def _small_batches(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(noise=rng.choice([0.2, 0.3, 0.4]), grad_noise=0.6, drop=1.6))


def _long_evaluations(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(eval_seconds=rng.choice([240.0, 420.0, 540.0]), eval_every=24))


def _compile_pauses(rng: random.Random) -> list[Observation]:
    def slow(at: int, seen: Observation) -> Observation:
        return replace(seen, tokens_per_second=90.0) if at < 2 else seen

    return train(rng, Shape(), pause=lambda at: {0: 280.0, 1: 190.0}.get(at, 0.0), step=slow)


def _marked_restarts(rng: random.Random) -> list[Observation]:
    whole = train(rng, Shape(num=260))
    cuts = sorted(rng.sample(range(60, 240), 2))
    written: list[Observation] = []
    last = 0
    for attempt, cut in enumerate([*cuts, 260], start=1):
        part = [seen for seen in whole if seen.step is not None and last < seen.step <= cut * 5]
        written += [Observation("start", attempt=attempt, total_steps=1300, resumed_from_step=last), *part]
        last = cut * 5 // 100 * 100
    now, before, shifted = 0.0, None, []
    for seen in written:  # hours lie between the attempts; steps that are done again take their time again
        if seen.kind == "start":
            now, before = now + 30_000, None
        else:
            now, before = now + (min(120.0, (seen.time or 0) - before) if before is not None else 40.0), seen.time or 0
        shifted.append(replace(seen, time=now))
    return shifted


def _begun_anew(rng: random.Random) -> list[Observation]:
    first, second = train(rng, Shape(num=100)), train(rng, Shape(num=200))
    moved = [replace(seen, time=(seen.time or 0) + 90_000) for seen in second]
    return [*first, replace(moved[0], attempt=2), *moved[1:]]


def _gentle(rng: random.Random) -> list[Observation]:
    """A strong base, and data that it nearly knows: all in all the loss falls by a tenth."""
    return train(rng, Shape(floor=1.15, drop=0.13, pace=30, noise=rng.choice([0.02, 0.04, 0.06])))


def _preferences(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(floor=0.2, drop=0.5, noise=0.12, pace=25, eval_noise=0.01))


def _nearly_learnt_by_heart(rng: random.Random) -> list[Observation]:
    shape = Shape(floor=0.004, drop=1.5, pace=2, noise=0.3, eval_every=0)
    return train(rng, shape, loss=lambda at, value: value * math.exp(-at / 60) + 0.003)


def _stairs_of_epochs(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(num=270), loss=lambda at, value: value * (1.0, 0.86, 0.76)[at // 90])


def _packed_unevenly(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(speed_noise=0.15))


def _short(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(num=rng.randint(4, 24), eval_every=8, checkpoint_every=8, warmup=2, pace=4))


def _without_times(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(num=150, log_every=10, has_times=False, checkpoint_every=0))


def _from_scratch(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(num=400, floor=2.5, drop=8.0, pace=6, eval_every=50, grad_noise=0.4))


def _gradients_with_tails(rng: random.Random) -> list[Observation]:
    def tailed(at: int, seen: Observation) -> Observation:
        return replace(seen, grad_norm=(seen.grad_norm or 1) * (3.0 if rng.random() < 0.02 else 1.0))

    return train(rng, Shape(grad_noise=0.4), step=tailed)


def _small_eval_split(rng: random.Random) -> list[Observation]:
    return train(rng, Shape(num=300, eval_every=12, eval_noise=0.02))


def _repeated_frames(rng: random.Random) -> list[Observation]:
    return [seen for one in train(rng, Shape(num=160)) for seen in [one] * (2 if rng.random() < 0.2 else 1)]


def _clock_put_back(rng: random.Random) -> list[Observation]:
    whole = train(rng, Shape(num=160))
    return [replace(seen, time=(seen.time or 0) - (10_800 if place > 80 else 0)) for place, seen in enumerate(whole)]


def _quiet_machine(rng: random.Random) -> list[Observation]:
    def facts(at: int, seen: Observation) -> Observation:
        return replace(
            seen,
            utilisation=rng.uniform(0.7, 0.99),
            data_wait=rng.uniform(0.0, 0.15),
            temperature=rng.uniform(60, 82),
            is_throttled=rng.random() < 0.05,
            num_device_errors=3,
            disk_free_bytes=200 << 30,
            checkpoint_bytes=1 << 30,
            memory_bytes=int(rng.uniform(0.8, 0.93) * (16 << 30)),
        )

    return train(rng, Shape(num=160), step=facts)


def _worse_than_its_base_at_first(rng: random.Random) -> list[Observation]:
    """A high learning rate: the base is reached again after a third of the steps, by some noise earlier or later."""
    shape = Shape(eval_every=12, eval_noise=0.01)
    return compared(train(rng, shape), base=level(shape, shape.num // 3) + 0.05, half_width=0.03)


SHAPES: dict[str, Maker] = {
    make.__name__.strip("_"): make
    for make in (
        *(_plain, _long_warm_up, _learning_rate_restarts, _small_batches, _long_evaluations, _compile_pauses),
        *(
            _marked_restarts,
            _begun_anew,
            _gentle,
            _preferences,
            _nearly_learnt_by_heart,
            _stairs_of_epochs,
            _packed_unevenly,
        ),
        *(_short, _without_times, _from_scratch, _gradients_with_tails, _small_eval_split, _repeated_frames),
        *(_clock_put_back, _quiet_machine, _worse_than_its_base_at_first),
    )
}


def healthy_logs(seed: int, *, each: int) -> Iterator[LabelledLog]:
    """Make so many logs of every shape."""
    for name, make in SHAPES.items():
        for number in range(each):
            rng = random.Random(f"{seed} {name} {number}")
            yield LabelledLog(name, str(number), tuple(make(rng)))
