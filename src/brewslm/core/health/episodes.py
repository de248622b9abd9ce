"""Episodes: a trouble is told once when it begins, once more if it gets worse, and once when it is over."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation
from brewslm.core.health.report import Alert, AlertEvent, HealthFinding
from brewslm.core.health.sighting import ACTIONS, OF_AN_ATTEMPT, ONE_CLEAR_LOOK, DetectorName, Level, Sighting
from brewslm.core.health.thresholds import EpisodeThresholds

_KEPT = 50
_RANK: dict[Level, int] = {"warning": 1, "critical": 2}


@dataclass(slots=True)
class Episode:
    """One trouble of one detector."""

    number: int
    detector: DetectorName
    level: Level
    onset_step: int | None
    onset_record: int
    step: int | None
    value: float
    limit: float
    peak: float
    peak_excess: float
    peak_step: int | None
    seen: str
    evidence: dict[str, float | int | str]
    told: int = 0
    """Rank of the level that was told; 0 while the cool-down keeps it silent."""
    num_clear: int = 0
    recovery_step: int | None = None

    def worsen(self, sighting: Sighting, step: int | None) -> None:
        """Take in one more sighting. The line and numbers are those of the worst moment of the highest level."""
        self.num_clear, self.step = 0, step
        is_higher = sighting.level is not None and _RANK[sighting.level] > _RANK[self.level]
        if is_higher and sighting.level is not None:
            self.level = sighting.level
        if is_higher or sighting.excess > self.peak_excess:
            self.peak, self.peak_excess, self.peak_step = sighting.value, sighting.excess, step
            self.value, self.limit, self.seen, self.evidence = (
                sighting.value,
                sighting.limit,
                sighting.seen,
                {**sighting.evidence},
            )

    def finding(self, *, is_open: bool) -> HealthFinding:
        """Return it as it is told."""
        return HealthFinding(
            detector=self.detector,
            level=self.level,
            episode=self.number,
            is_open=is_open,
            step=self.step,
            value=_rounded(self.value),
            limit=_rounded(self.limit),
            onset_step=self.onset_step,
            onset_record=self.onset_record,
            peak=_rounded(self.peak),
            peak_step=self.peak_step,
            recovery_step=self.recovery_step,
            seen=self.seen,
            evidence={
                name: _rounded(value) if isinstance(value, float) else value for name, value in self.evidence.items()
            },
            action=ACTIONS[self.detector],
        )


@dataclass(slots=True)
class Told:
    """The last alert of a detector."""

    record: int
    rank: int


@dataclass(slots=True)
class EpisodeBook:
    """All episodes of a run: those that are open, and the last of those that are over."""

    next_number: int = 1
    open: dict[DetectorName, Episode] = field(default_factory=dict)
    closed: list[Episode] = field(default_factory=list)
    last: dict[DetectorName, Told] = field(default_factory=dict)
    measured: list[DetectorName] = field(default_factory=list)
    """Detectors that have had something to judge."""

    def enter(
        self, sighting: Sighting, seen: Observation, *, step: int | None, record: int, limits: EpisodeThresholds
    ) -> Alert | None:
        """Note what a detector saw, and return what is to be told of it."""
        if sighting.detector not in self.measured:
            self.measured.append(sighting.detector)
        episode = self.open.get(sighting.detector)
        if sighting.level is None:
            return None if episode is None else self._clear(episode, seen, step=step, record=record, limits=limits)
        if episode is None:
            episode = self._begin(sighting, step=step, record=record)
        else:
            episode.worsen(sighting, step)
        event = self._event(episode, record, limits)
        if event is None:
            return None
        episode.told = _RANK[episode.level]
        self.last[episode.detector] = Told(record, episode.told)
        return Alert(event=event, record=record, time=seen.time, finding=episode.finding(is_open=True))

    def begin_attempt(self, seen: Observation, *, record: int) -> Iterator[Alert]:
        """End what was the matter with the weights of the attempt before; if it comes again, it is told again."""
        for detector in sorted(OF_AN_ATTEMPT & self.open.keys()):
            episode = self.open.pop(detector)
            episode.recovery_step = seen.resumed_from_step
            self.closed = [*self.closed[1 - _KEPT :], episode]
            self.last.pop(detector, None)
            if episode.told:
                yield Alert(event="resolved", record=record, time=seen.time, finding=episode.finding(is_open=False))

    def _begin(self, sighting: Sighting, *, step: int | None, record: int) -> Episode:
        assert sighting.level is not None  # noqa: S101 - for the type checker
        episode = Episode(
            number=self.next_number,
            detector=sighting.detector,
            level=sighting.level,
            onset_step=step,
            onset_record=record,
            step=step,
            value=sighting.value,
            limit=sighting.limit,
            peak=sighting.value,
            peak_excess=sighting.excess,
            peak_step=step,
            seen=sighting.seen,
            evidence={**sighting.evidence},
        )
        self.next_number += 1
        self.open[sighting.detector] = episode
        return episode

    def _event(self, episode: Episode, record: int, limits: EpisodeThresholds) -> AlertEvent | None:
        rank = _RANK[episode.level]
        if episode.told:
            return "escalated" if rank > episode.told else None
        last = self.last.get(episode.detector)
        is_silent = last is not None and record - last.record <= limits.cooldown_records and rank <= last.rank
        return None if is_silent else "opened"

    def _clear(
        self, episode: Episode, seen: Observation, *, step: int | None, record: int, limits: EpisodeThresholds
    ) -> Alert | None:
        episode.num_clear += 1
        if episode.num_clear < _needed(episode.detector, limits):
            return None
        episode.recovery_step = step
        del self.open[episode.detector]
        self.closed = [*self.closed[1 - _KEPT :], episode]
        if not episode.told:
            return None
        return Alert(event="resolved", record=record, time=seen.time, finding=episode.finding(is_open=False))


def _needed(detector: DetectorName, limits: EpisodeThresholds) -> int:
    if detector in ONE_CLEAR_LOOK:
        return 1
    return limits.non_finite_recover_after if detector == "non_finite" else limits.recover_after


def _rounded(number: float) -> float:
    """Six digits: more would differ between machines, and say nothing."""
    return float(f"{number:.6g}")
