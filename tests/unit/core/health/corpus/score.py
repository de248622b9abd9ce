"""How well the judge does on labelled logs."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from brewslm.core.health.monitor import Monitor
from brewslm.core.health.sighting import DETECTORS, DetectorName
from brewslm.core.health.thresholds import Thresholds
from tests.unit.core.health.corpus.logs import LabelledLog


@dataclass
class DetectorScore:
    num_found: int = 0
    num_missed: int = 0
    num_false: int = 0
    delays: list[int] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.num_found / max(1, self.num_found + self.num_missed)

    @property
    def precision(self) -> float:
        return self.num_found / max(1, self.num_found + self.num_false)


@dataclass
class Score:
    detectors: dict[DetectorName, DetectorScore] = field(
        default_factory=lambda: {name: DetectorScore() for name in DETECTORS}
    )
    num_logs: int = 0
    num_healthy_logs: int = 0
    num_healthy_records: int = 0
    num_false_alarms: int = 0
    """In healthy logs."""
    num_records: int = 0
    seconds: float = 0.0
    """Of the processor, for judging only."""

    @property
    def false_alarms_per_1000(self) -> float:
        return 1000 * self.num_false_alarms / max(1, self.num_healthy_records)


def score(logs: Iterable[LabelledLog], thresholds: Thresholds | None = None) -> Score:
    """Judge every log; an alert is right where its detector is expected or allowed, from the onset on."""
    total = Score()
    for log in logs:
        monitor = Monitor(thresholds)
        begun = time.process_time()
        alerts = [(place, alert) for place, seen in enumerate(log.observations) for alert in monitor.feed(seen)]
        total.seconds += time.process_time() - begun
        opened = [(place, alert.finding.detector) for place, alert in alerts if alert.event == "opened"]
        _count(total, log, opened)
    return total


def _count(total: Score, log: LabelledLog, opened: list[tuple[int, DetectorName]]) -> None:
    total.num_logs += 1
    total.num_records += len(log.observations)
    onset = min(log.expected.values(), default=len(log.observations))
    if log.is_healthy:
        total.num_healthy_logs += 1
        total.num_healthy_records += len(log.observations)
        total.num_false_alarms += len(opened)
    for detector, place in log.expected.items():
        mine = total.detectors[detector]
        found = [at for at, name in opened if name == detector and at >= place]
        if found:
            mine.num_found += 1
            mine.delays.append(found[0] - place)
        else:
            mine.num_missed += 1
            mine.missed.append(f"{log.name} {log.strength}")
    for place, name in opened:
        is_right = place >= onset and (name in log.expected or name in log.allowed)
        if not is_right:
            total.detectors[name].num_false += 1
            total.detectors[name].false.append(f"{log.name} {log.strength} at {place}")
