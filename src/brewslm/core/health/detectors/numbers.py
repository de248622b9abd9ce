"""Numbers that are none: NaN, infinities, and a loss of exactly 0."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from brewslm.core.health.observation import Observation
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Sighting
from brewslm.core.health.thresholds import Thresholds

_FIELDS = ("loss", "eval_loss", "grad_norm")


@dataclass(slots=True)
class Numbers:
    """Detectors `non_finite` and `zero_loss`."""

    num_zeros: int = 0

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge the loss and the gradient norm of one record."""
        if seen.kind not in {"step", "eval"}:
            return
        measured = {name: value for name in _FIELDS if (value := getattr(seen, name)) is not None}
        wrong = {name: str(value) for name, value in measured.items() if not math.isfinite(value)}
        if wrong:
            text = " and ".join(f"{name} is {value}" for name, value in wrong.items())
            yield Sighting("non_finite", "critical", len(wrong), 0, len(wrong), text, {**wrong})
        elif measured:
            yield Sighting("non_finite")
        if seen.kind == "step" and seen.loss is not None:
            self.num_zeros = self.num_zeros + 1 if seen.loss == 0 else 0
            if self.num_zeros >= limits.loss.zero_records:
                text = f"loss is exactly 0 in {self.num_zeros} records in a row"
                yield Sighting("zero_loss", "critical", 0.0, 0.0, self.num_zeros, text, {"records": self.num_zeros})
            else:
                yield Sighting("zero_loss")
        del run
