"""How often drift checks see a shift, and how often they raise a false alarm: `python -m benchmarks.drift [ROUNDS]`.

Traffic is synthetic: prompts and answers of long-tailed lengths, words by Zipf's law, log-probabilities and refusals.
Each round draws as many requests at first as later, by a seed; six shifts and none, at several sample sizes. Prints the
share of rounds with the verdict `drift`, and in brackets with `drift` or `borderline`.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from brewslm.core.drift import statistics
from brewslm.core.drift.traffic import NUM_BUCKETS, compare, worst
from brewslm.core.ids import ProjectId
from brewslm.core.serving.host import LoggedRequest

SIZES = (50, 100, 200, 500, 1000)
AT = datetime(2026, 1, 1, tzinfo=UTC)
NORMAL: dict[str, Any] = {
    "length": 60.0, "answer": 80.0, "logprob": -0.5, "refusals": 0.02, "cut": 0.03, "topic": 0.0,
}  # fmt: skip
SHIFTS: dict[str, dict[str, Any]] = {
    "none": {},
    "prompts 60 % longer": {"length": 96.0},
    "a third of prompts on another topic": {"topic": 0.33},
    "answers 40 % shorter": {"answer": 48.0},
    "log-prob lower by 0.15 nats": {"logprob": -0.65},
    "refusals 2 % to 15 %": {"refusals": 0.15},
    "answers cut off 3 % to 20 %": {"cut": 0.20},
}
OWN = np.random.default_rng(1).permutation(NUM_BUCKETS)
OTHER = np.random.default_rng(2).permutation(NUM_BUCKETS)
ZIPF = 1.0 / np.arange(1, NUM_BUCKETS + 1)
ZIPF /= ZIPF.sum()


def traffic(number: int, chance: np.random.Generator, **shift: Any) -> list[LoggedRequest]:
    """Draw requests."""
    of = NORMAL | shift
    made = []
    for _ in range(number):
        order = OTHER if chance.random() < of["topic"] else OWN
        words = order[chance.choice(NUM_BUCKETS, size=int(chance.integers(4, 20)), p=ZIPF)]
        made.append(
            LoggedRequest(
                at=AT,
                project_id=ProjectId(1),
                version=1,
                key_id=1,
                route="chat/completions",
                status=200,
                seconds=1.0,
                prompt_tokens=1 + int(chance.lognormal(np.log(of["length"]), 0.6)),
                completion_tokens=1 + int(chance.lognormal(np.log(of["answer"]), 0.6)),
                mean_logprob=float(chance.normal(of["logprob"], 0.2)),
                finish_reason="length" if chance.random() < of["cut"] else "stop",
                is_refusal=bool(chance.random() < of["refusals"]),
                word_buckets=tuple(int(word) for word in words),
            )
        )
    return made


def main(num_rounds: int, tell: Callable[[str], None] = print) -> None:
    """Measure."""
    tell(f"{num_rounds} rounds of each; {statistics.NUM_PERMUTATIONS} permutations of the vocabulary")
    tell("| shift | " + " | ".join(f"{size} requests" for size in SIZES) + " |")
    tell("|---|" + "---|" * len(SIZES))
    for name, shift in SHIFTS.items():
        cells = []
        for size in SIZES:
            found = []
            for number in range(num_rounds):
                chance = np.random.default_rng([20261, number, size])
                before, now = traffic(size, chance), traffic(size, chance, **shift)
                found.append(worst(compare(before, now)))
            if set(found) == {"not_enough_data"}:
                cells.append("not enough data")
                continue
            drifts = sum(one == "drift" for one in found) / num_rounds
            either = sum(one in {"drift", "borderline"} for one in found) / num_rounds
            cells.append(f"{drifts:.1%} ({either:.1%})")
        tell(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
