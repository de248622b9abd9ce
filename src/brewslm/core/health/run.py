"""What is known of the run as a whole, and which records are new."""

from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.statistics import Window
from brewslm.core.health.thresholds import WatchThresholds

_REMEMBERED = 32


@dataclass(slots=True)
class Run:
    """The training so far. Detectors read it, the monitor keeps it."""

    num_records: int = 0
    num_losses: int = 0
    """Records with a loss, finite or not, of training or evaluation."""
    num_repeated: int = 0
    step: int | None = None
    first_step: int | None = None
    time: float | None = None
    seq: int = 0
    attempt: int = 0
    is_rewound: bool = False
    """Whether the present record goes back to a step before the last one."""
    is_marked: bool = False
    """Whether a start stands between the last step and the present one."""
    total_steps: int | None = None
    eval_every: int | None = None
    checkpoint_every: int | None = None
    expected_tokens_per_second: float | None = None
    memory_limit_bytes: int | None = None
    checkpoint_bytes: int | None = None
    peak_learning_rate: float = 0.0
    learning_rate: float | None = None
    step_seconds: float | None = None
    """Of the last record that said."""
    is_ended: bool = False
    levels: Window = field(default_factory=lambda: Window(8))
    """The last finite training losses."""
    remembered: list[str] = field(default_factory=list)

    def is_repeated(self, seen: Observation) -> bool:
        """Whether the same record was seen shortly before; ticks and starts never are."""
        if seen.seq is not None:
            return seen.seq <= self.seq
        if seen.kind in {"tick", "start", "device", "note", "end"}:
            return False
        return _print(seen) in self.remembered

    def take(self, seen: Observation) -> None:
        """Note what a new record says of the run."""
        self.num_records += seen.kind != "tick"
        self.seq = seen.seq if seen.seq is not None else self.seq
        self.is_rewound = False
        if seen.kind == "start":
            self.attempt, self.is_marked, self.is_ended = seen.attempt or self.attempt + 1, True, False
        if seen.kind in {"step", "eval", "checkpoint"}:
            self._advance(seen)
        for name in ("total_steps", "eval_every", "checkpoint_every", "expected_tokens_per_second"):
            if getattr(seen, name) is not None:
                setattr(self, name, getattr(seen, name))
        self.memory_limit_bytes = seen.memory_limit_bytes or self.memory_limit_bytes
        self.checkpoint_bytes = seen.checkpoint_bytes or self.checkpoint_bytes
        if (rate := finite(seen.learning_rate)) is not None:
            self.learning_rate, self.peak_learning_rate = rate, max(rate, self.peak_learning_rate)
        self.step_seconds = finite(seen.step_seconds) or self.step_seconds
        if seen.kind == "end":
            self.is_ended = True

    def _advance(self, seen: Observation) -> None:
        if seen.seq is None:
            self.remembered = [*self.remembered[1 - _REMEMBERED :], _print(seen)]
        self.num_losses += seen.loss is not None or seen.eval_loss is not None
        if seen.kind == "step" and seen.step is not None:
            self.is_rewound = self.step is not None and seen.step < self.step
            self.first_step = seen.step if self.first_step is None else self.first_step
            self.step = seen.step
        if self.is_rewound:
            self.levels.values.clear()
        if seen.kind == "step" and (loss := finite(seen.loss)) is not None:
            self.levels.add(loss)

    def forget_mark(self) -> None:
        """Close the record: a start counts for the first step after it only."""
        self.is_marked = False

    @property
    def has_low_learning_rate_by(self) -> float:
        """The learning rate as a share of its peak; 1 where nothing is known."""
        if self.learning_rate is None or self.peak_learning_rate <= 0:
            return 1.0
        return self.learning_rate / self.peak_learning_rate

    @property
    def share_done(self) -> float:
        """Share of the steps that are done; 0 where the end is not known."""
        return self.step / self.total_steps if self.step is not None and self.total_steps else 0.0

    @property
    def is_finished(self) -> bool:
        """Whether the last step is done, or the writer said so."""
        return self.is_ended or self.share_done >= 1.0

    def watch_until(self, limits: WatchThresholds) -> int:
        """Return the step at which the active watch ends."""
        if not self.total_steps:
            return limits.watch_steps
        return max(1, min(limits.watch_steps, int(limits.watch_share * self.total_steps)))


def _print(seen: Observation) -> str:
    return repr((seen.kind, seen.step, seen.time, seen.loss, seen.eval_loss, seen.grad_norm, seen.learning_rate))
