"""How well and at what cost trainings are judged: precision, recall, false alarms, delay, microseconds.

`python benchmarks/health.py [--seed 31337] [--each 8]`: labelled synthetic logs of the test suite. The
thresholds were chosen on seeds 1 and 2, so any other seed is held out. `--plateaus`: 500 curves, 100 of them flat.
"""

import argparse
import math
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from brewslm.core.health.monitor import Monitor
from brewslm.core.health.observation import Observation
from tests.unit.core.health.corpus.failing import failing_logs
from tests.unit.core.health.corpus.healthy import healthy_logs
from tests.unit.core.health.corpus.logs import Shape, train
from tests.unit.core.health.corpus.score import Score, score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=31337)
    parser.add_argument("--each", type=int, default=8, help="logs of every strength; twice as many of a healthy shape")
    parser.add_argument("--plateaus", action="store_true")
    options = parser.parse_args()
    if options.plateaus:
        tell_plateaus(options.seed)
        return
    logs = [*healthy_logs(options.seed, each=2 * options.each), *failing_logs(options.seed, each=options.each)]
    tell(score(logs))
    tell_cost()


def tell(found: Score) -> None:
    print(f"{'detector':22}{'logs':>6}{'precision':>11}{'recall':>8}{'records late: median':>23}{'95 %':>6}{'most':>6}")
    for name, one in found.detectors.items():
        delays = sorted(one.delays) or [0]
        middle, late = delays[len(delays) // 2], delays[min(len(delays) - 1, math.ceil(0.95 * len(delays)) - 1)]
        num = one.num_found + one.num_missed
        print(f"{name:22}{num:6}{one.precision:11.3f}{one.recall:8.3f}{middle:23}{late:6}{delays[-1]:6}")
        for text in sorted(set(one.missed)):
            print(f"    missed {one.missed.count(text)} of: {text}")
        for text in one.false:
            print(f"    false: {text}")
    print(
        f"{found.num_logs} logs, {found.num_records:,} records; {found.num_healthy_logs} healthy logs with "
        f"{found.num_healthy_records:,} records: {found.num_false_alarms} false alarms, "
        f"{found.false_alarms_per_1000:.3f} per 1,000; {1e6 * found.seconds / found.num_records:.0f} µs a record"
    )


def tell_cost(num: int = 20_000) -> None:
    """Processor time of one record, in a long log that holds all that our own journal does."""
    rng = random.Random(1)
    log = train(rng, Shape(num=num, has_cosine=False))
    monitor = Monitor()
    begun = time.process_time()
    for seen in log:
        monitor.feed(seen)
    judging = (time.process_time() - begun) / len(log)
    begun = time.process_time()
    for _ in range(100):
        state = monitor.state()
    storing = (time.process_time() - begun) / 100
    print(
        f"a log of {len(log):,} records: {1e6 * judging:.0f} µs a record; "
        f"its state has {len(state):,} bytes and is stored in {1e6 * storing:.0f} µs"
    )


def tell_plateaus(seed: int) -> None:
    """400 curves that fall as a power of the steps, 100 that stay where they are after a tenth of the run."""
    num_false, delays = 0, []
    for number in range(500):
        rng = random.Random(f"{seed} {number}")
        shape = Shape(
            num=400, noise=rng.choice([0.02, 0.05, 0.1]), has_cosine=False, eval_noise=rng.choice([0.002, 0.005])
        )
        is_flat = number % 5 == 0
        onset = 40 if is_flat else shape.num

        def flattened(at: int, value: float, onset: int = onset, shape: Shape = shape) -> float:
            held = shape.floor + shape.drop / math.sqrt(1 + min(at, onset) / shape.pace)
            return value * held / (shape.floor + shape.drop / math.sqrt(1 + at / shape.pace))

        alarm = first_plateau(train(rng, shape, loss=flattened, eval_loss=flattened))
        if not is_flat:
            num_false += alarm is not None
        elif alarm is not None:
            delays.append((alarm - onset * shape.log_every) / (shape.eval_every * shape.log_every))
    delays.sort()
    print(
        f"400 falling curves: {num_false} called flat; 100 flat ones: {len(delays)} found, "
        f"after {delays[len(delays) // 2]:.1f} evaluations in the median and {delays[-1]:.1f} at most"
    )


def first_plateau(log: list[Observation]) -> int | None:
    monitor = Monitor()
    for seen in log:
        for alert in monitor.feed(seen):
            if alert.finding.detector == "plateau":
                return alert.finding.step
    return None


if __name__ == "__main__":
    main()
