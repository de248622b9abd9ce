"""A patrol's round: what is asked of every running training, and what the answers come to."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from brewslm.core.health.report import HealthFinding, Verdict
from brewslm.core.health.sighting import DetectorName, Level
from brewslm.core.health.signs import Signs
from brewslm.core.health.watch import CheckLevel
from brewslm.core.ids import JobId, ProjectId
from brewslm.core.value import Value

RoundCheckName = Literal[
    "process_alive",
    "progress",
    "loss_trend",
    "throughput",
    "utilisation",
    "memory",
    "disk_space",
    "checkpoint_freshness",
    "gpu_temperature",
    "gpu_errors",
]

DETECTORS_OF: dict[RoundCheckName, tuple[DetectorName, ...]] = {
    "process_alive": ("process_alive",),
    "progress": ("stall", "step_order"),
    "loss_trend": (
        *("non_finite", "zero_loss", "spike", "divergence", "plateau"),
        *("over_fit", "not_learning", "gradient_norm", "worse_than_base"),
    ),
    "throughput": ("throughput",),
    "utilisation": ("utilisation",),
    "memory": ("memory",),
    "disk_space": ("disk_space",),
    "checkpoint_freshness": ("checkpoint_freshness",),
    "gpu_temperature": ("gpu_temperature",),
    "gpu_errors": ("gpu_errors",),
}
"""A check is as bad as the worst finding of these."""

_WORST: tuple[CheckLevel, ...] = ("critical", "warning", "ok", "unknown")


class RoundCheck(Value):
    """One answer."""

    check: RoundCheckName
    level: CheckLevel
    seen: str


class TrainingRound(Value):
    """How one training was found."""

    job_id: JobId
    project_id: ProjectId
    verdict: CheckLevel
    step: int | None
    total_steps: int | None
    loss: float | None
    checks: tuple[RoundCheck, ...]
    action: str = ""
    """What was done about it; empty where nothing was."""


class Round(Value):
    """One round over all running trainings."""

    at: datetime
    verdict: CheckLevel
    """The worst of all; `ok` where nothing trains."""
    trainings: tuple[TrainingRound, ...]


class PatrolMemory(Value):
    """What a patrol remembers of one training from round to round, whoever walks it."""

    verdict: CheckLevel = "ok"
    signs: Signs | None = None
    told: dict[DetectorName, Level] = Field(default_factory=dict)
    """Its own findings that were told and are not over: those that no record of the journal shows."""
    taken_up_at: float | None = None
    """Steady clock of when its work was last taken up again."""


def worst(levels: list[CheckLevel]) -> CheckLevel:
    """Return the worst level; `ok` counts more than `unknown`, and of nothing it is `ok`."""
    return next((level for level in _WORST if level in levels), "ok")


def checks_of(
    findings: list[HealthFinding], verdict: Verdict | None, said: dict[RoundCheckName, str]
) -> list[RoundCheck]:
    """Return an answer to every check.

    Args:
        findings: what is the matter.
        verdict: of the journal; None where nothing of it was judged.
        said: what was measured beside it, by check.
    """
    return [_check(name, findings, verdict, said.get(name, "")) for name in DETECTORS_OF]


def _check(name: RoundCheckName, findings: list[HealthFinding], verdict: Verdict | None, said: str) -> RoundCheck:
    mine = [one for one in findings if one.detector in DETECTORS_OF[name]]
    if mine:
        level: CheckLevel = "critical" if any(one.level == "critical" for one in mine) else "warning"
        return RoundCheck(check=name, level=level, seen="; ".join(one.seen for one in mine))
    if said:
        return RoundCheck(check=name, level="ok", seen=said)
    if verdict is None or not verdict.num_records:
        return RoundCheck(check=name, level="unknown", seen="no record yet")
    looked = any(detector in verdict.measured for detector in DETECTORS_OF[name])
    return RoundCheck(check=name, level="ok" if looked else "unknown", seen="" if looked else "not measured")
