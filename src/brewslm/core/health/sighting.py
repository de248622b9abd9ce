"""What a detector says of one observation, and who the detectors are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Level = Literal["warning", "critical"]

DetectorName = Literal[
    "non_finite",
    "zero_loss",
    "spike",
    "divergence",
    "plateau",
    "over_fit",
    "not_learning",
    "gradient_norm",
    "throughput",
    "utilisation",
    "memory",
    "stall",
    "checkpoint_freshness",
    "disk_space",
    "gpu_temperature",
    "gpu_errors",
    "step_order",
    "worse_than_base",
    "process_alive",
]
DETECTORS: tuple[DetectorName, ...] = get_args(DetectorName)

ACTIONS: dict[DetectorName, str] = {
    "non_finite": "Stop; go back to the last checkpoint before the onset, halve learning_rate, skip these batches.",
    "zero_loss": "Stop; look whether labels are all masked, or a NaN is written as 0 (a NaN gradient norm says so).",
    "spike": "Look at the batches of these steps; clip harder (max_grad_norm) if it comes again.",
    "divergence": "Stop; go back to the last checkpoint before the onset, and halve learning_rate.",
    "plateau": "Lower learning_rate, or stop early: further steps change little.",
    "over_fit": "Keep the checkpoint with the best eval loss and stop; more data, fewer epochs or more dropout help.",
    "not_learning": "Check labels and template with `brewslm xray`; raise learning_rate if the data is right.",
    "gradient_norm": "Clip harder (max_grad_norm) or lower learning_rate; look at the batches of these steps.",
    "throughput": "Look for what else uses the machine, for heat, and for slow reading of data.",
    "utilisation": "Read data ahead with more loader workers, or raise batch_size.",
    "memory": "Halve batch_size and double gradient_accumulation_steps: the effective batch stays.",
    "stall": "Dump the worker's stacks; end it and resume from the newest valid checkpoint if it does not come back.",
    "checkpoint_freshness": "Ask for a checkpoint now; look at disk and worker log if none comes.",
    "disk_space": "Free space; old checkpoints that are neither best, newest nor pinned may go.",
    "gpu_temperature": "Improve cooling or lower the power limit; the device slows down or stops otherwise.",
    "gpu_errors": "Save, and go on on another device; have this one checked.",
    "step_order": "Compare the steps around: a restart without a mark, or two trainings that write one log.",
    "process_alive": "Take it up again: `brewslm jobs watch JOB`, a server, or `brewslm patrol --daemon`.",
    "worse_than_base": "Stop and think: labels and template (`brewslm xray`), learning_rate, more or better data.",
}
"""What to do, for people; how recovery acts on it is its own matter."""

ONE_CLEAR_LOOK: frozenset[DetectorName] = frozenset(
    {
        "over_fit",
        "stall",
        "checkpoint_freshness",
        "step_order",
        "disk_space",
        "plateau",
        "not_learning",
        "worse_than_base",
    }
)
"""Detectors that look so seldom, or so surely, that one look without trouble ends an episode."""

OF_AN_ATTEMPT: frozenset[DetectorName] = frozenset({"non_finite", "zero_loss", "spike", "divergence", "gradient_norm"})
"""Detectors of weights that went astray: a new attempt takes older weights, so what was the matter is over."""

Evidence = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look of one detector. A level of None: looked, and found nothing."""

    detector: DetectorName
    level: Level | None = None
    value: float = 0.0
    limit: float = 0.0
    excess: float = 1.0
    """How far beyond the limit, so that the peak of an episode is known; higher is worse."""
    seen: str = ""
    """What was found, with numbers; one line."""
    evidence: Evidence = field(default_factory=dict)


def shown(number: float) -> str:
    """Return a number as people read it."""
    return f"{number:.4g}"
