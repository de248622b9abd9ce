"""The monitor: feed it one observation after the other; stop it, store it, and go on where it was."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from brewslm.core.health.detectors.cadence import Checkpoints, Stall, StepOrder
from brewslm.core.health.detectors.design import Design
from brewslm.core.health.detectors.gradient import Gradient
from brewslm.core.health.detectors.loss import LossTrack
from brewslm.core.health.detectors.machine import Machine
from brewslm.core.health.detectors.numbers import Numbers
from brewslm.core.health.detectors.over_fit import OverFit
from brewslm.core.health.detectors.speed import Throughput, Utilisation
from brewslm.core.health.detectors.trend import Plateau, Watch
from brewslm.core.health.episodes import EpisodeBook
from brewslm.core.health.observation import Observation
from brewslm.core.health.report import Alert, HealthFinding, Verdict, VerdictLevel, WatchState
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Sighting
from brewslm.core.health.statistics import median
from brewslm.core.health.thresholds import Thresholds
from brewslm.core.health.watch import WatchCheck, Watched, WatchLog


@dataclass(slots=True)
class _State:
    """All that is remembered: bounded, and plain numbers, so that it can be stored between two records."""

    run: Run = field(default_factory=Run)
    book: EpisodeBook = field(default_factory=EpisodeBook)
    watch_ended: WatchState = "watching"
    numbers: Numbers = field(default_factory=Numbers)
    loss: LossTrack = field(default_factory=LossTrack)
    watch: Watch = field(default_factory=Watch)
    plateau: Plateau = field(default_factory=Plateau)
    over_fit: OverFit = field(default_factory=OverFit)
    gradient: Gradient = field(default_factory=Gradient)
    throughput: Throughput = field(default_factory=Throughput)
    utilisation: Utilisation = field(default_factory=Utilisation)
    machine: Machine = field(default_factory=Machine)
    stall: Stall = field(default_factory=Stall)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    step_order: StepOrder = field(default_factory=StepOrder)
    design: Design = field(default_factory=Design)
    watch_log: WatchLog = field(default_factory=WatchLog)


_STATE: TypeAdapter[_State] = TypeAdapter(_State)


class Monitor:
    """Judges one training. The same observations give the same alerts, however they are split over monitors."""

    def __init__(self, thresholds: Thresholds | None = None, *, state: bytes | None = None) -> None:
        """Begin anew, or go on from what `state()` gave.

        Raises:
            pydantic.ValidationError: `state` is not a state of this version.
        """
        self._limits = thresholds or Thresholds()
        self._state = _STATE.validate_json(state) if state is not None else _State()
        self.checks: tuple[WatchCheck, ...] = ()
        """The lines of the active watch that the last observation gave; empty where none were due."""

    def state(self) -> bytes:
        """Return all that is remembered, as JSON of bounded size."""
        return _STATE.dump_json(self._state)

    def feed(self, seen: Observation) -> tuple[Alert, ...]:
        """Take in one observation, and return what is to be told of it."""
        state, limits = self._state, self._limits
        self.checks = ()
        if state.run.is_repeated(seen):
            state.run.num_repeated += 1
            return ()
        state.run.take(seen)
        alerts = list(state.book.begin_attempt(seen, record=state.run.num_records)) if seen.kind == "start" else []
        for sighting in self._look(seen):
            alert = state.book.enter(
                sighting, seen, step=state.run.step, record=state.run.num_records, limits=limits.episodes
            )
            if alert is not None:
                alerts.append(alert)
        if seen.kind == "step":
            state.run.forget_mark()
            state.watch_log.look(seen)
            self._end_watch()
        return tuple(alerts)

    def _look(self, seen: Observation) -> Iterator[Sighting]:
        state, run, limits = self._state, self._state.run, self._limits
        for detector in (
            state.numbers,
            state.loss,
            state.watch,
            state.plateau,
            state.over_fit,
            state.gradient,
            state.throughput,
            state.utilisation,
            state.machine,
            state.stall,
            state.checkpoints,
            state.step_order,
            state.design,
        ):
            yield from detector.look(seen, run, limits)

    def _end_watch(self) -> None:
        state = self._state
        if state.watch_ended != "watching" or state.run.step is None:
            return
        # Of a handful of records nobody can say that all is well.
        is_told = state.watch.line.num >= self._limits.watch.min_records
        steps = state.run.step - (state.run.first_step or 0)
        is_over = is_told and steps >= state.run.watch_until(self._limits.watch)
        self.checks = state.watch_log.lines(self._watched(), self._limits, is_over=is_over)
        if is_over:
            state.watch_ended = "failed" if state.book.open else "passed"

    def _watched(self) -> Watched:
        state = self._state
        return Watched(state.run, state.book, state.watch, state.gradient, state.throughput, state.utilisation)

    def checks_now(self) -> tuple[WatchCheck, ...]:
        """Return the lines of the watch as they would be now, whether they are due or not."""
        return tuple(self._state.watch_log.checks(self._watched(), self._limits))

    @property
    def watch(self) -> WatchState:
        """How the active watch stands."""
        return self._state.watch_ended

    def verdict(self) -> Verdict:
        """Say how the training is, now."""
        run, book = self._state.run, self._state.book
        found = [episode.finding(is_open=True) for episode in book.open.values()]
        level = self._level(found)
        return Verdict(
            verdict=level,
            findings=tuple(sorted(found, key=lambda one: (one.level != "critical", one.episode))),
            recovered=tuple(episode.finding(is_open=False) for episode in book.closed),
            measured=tuple(sorted(book.measured)),
            watch=self._state.watch_ended,
            attempt=run.attempt,
            num_records=run.num_records,
            num_repeated=run.num_repeated,
            step=run.step,
            total_steps=run.total_steps,
            loss=median(run.levels.values) if run.levels.values else None,
            step_seconds=run.step_seconds,
            note="no record holds a loss" if level == "unknown" else "",
        )

    def _level(self, found: list[HealthFinding]) -> VerdictLevel:
        levels = {one.level for one in found}
        if levels:
            return "critical" if "critical" in levels else "warning"
        if not self._state.run.num_losses:
            return "unknown"
        return "finished" if self._state.run.is_finished else "ok"
