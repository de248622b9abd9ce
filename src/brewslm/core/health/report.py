"""What the judge says: alerts as they happen, and the verdict of now."""

from typing import Literal

from brewslm.core.health.sighting import DetectorName, Level
from brewslm.core.value import Value

VerdictLevel = Literal["ok", "warning", "critical", "unknown", "finished"]
WatchState = Literal["watching", "passed", "failed"]
AlertEvent = Literal["opened", "escalated", "resolved"]


class HealthFinding(Value):
    """One episode of one trouble, from its onset to its recovery."""

    detector: DetectorName
    level: Level
    """The worst that it was."""
    episode: int
    """From 1, over all detectors of the run."""
    is_open: bool
    step: int | None
    """Where it was seen last."""
    value: float
    """What was measured there,"""
    limit: float
    """and what it should not pass."""
    onset_step: int | None
    onset_record: int
    peak: float
    peak_step: int | None
    recovery_step: int | None
    seen: str
    """One line, with numbers."""
    evidence: dict[str, float | int | str]
    action: str


class Alert(Value):
    """Something to tell, once."""

    event: AlertEvent
    record: int
    """Number of the record that showed it, from 1."""
    time: float | None
    finding: HealthFinding


class Verdict(Value):
    """How a training is, now."""

    verdict: VerdictLevel
    findings: tuple[HealthFinding, ...]
    """What is the matter, the worst first."""
    recovered: tuple[HealthFinding, ...]
    """What was the matter, the last 50 of it, in the order of their ends."""
    measured: tuple[DetectorName, ...]
    """Detectors that have had something to judge; the others say nothing because nothing was measured."""
    watch: WatchState
    attempt: int
    """The attempt that the last record is of; 0 where the log does not say."""
    num_records: int
    num_repeated: int
    """Records that came twice and were left out."""
    step: int | None
    total_steps: int | None
    loss: float | None
    """Median of the last 8 records."""
    step_seconds: float | None
    note: str = ""
    """Why nothing is known, where that is so."""
