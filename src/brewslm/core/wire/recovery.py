"""What was done so that a training goes on, and what is changed for the attempts that follow: `recovery.json`."""

from typing import Literal

from pydantic import Field

from brewslm.core.value import Value

Cause = Literal["lost", "stalled", "out_of_memory", "not_finite", "diverged", "disk_full", "device_failed", "plateau"]
Action = Literal[
    "resume",
    "smaller_micro_batch",
    "activation_checkpointing",
    "lower_learning_rate",
    "prune_checkpoints",
    "wait",
    "other_device",
    "stop",
]


class Adjustments(Value):
    """Changes of how the recipe is carried out. What is learnt from, and in which order, stays as it is."""

    micro_batch_tokens: int | None = Field(None, ge=1)
    """Most tokens that go through the model at once; the effective batch stays the same."""
    activation_checkpointing: bool = False
    learning_rate_factor: float = Field(1.0, gt=0.0, le=1.0)
    skipped_steps: tuple[int, ...] = ()
    """Steps whose examples are passed over."""
    keep_checkpoints: int | None = Field(None, ge=1)
    failed_devices: tuple[str, ...] = ()
    """Devices that reported an error, which no attempt of this run is given any more."""
    step_back_in: int | None = None
    """The attempt that sets the newest checkpoint aside, where there is an older one, before it resumes."""
    step_back_after: int | None = None
    """Where it is known up to which step all was well, that attempt sets aside every checkpoint of a later one."""


class Measure(Value):
    """One thing that was done after an attempt had ended."""

    attempt: int
    """The attempt that ended."""
    cause: Cause
    step: int | None
    """Last step that is known of it."""
    action: Action
    wait_seconds: float = 0.0
    """Before the next attempt."""
    episode: int | None = None
    """The episode of the monitor that it answers, where there is one."""
    is_free: bool = False
    """Whether it does not count against `retry.max_attempts`."""


class Question(Value):
    """What a person is asked before a training goes on changed: the failure, and what would be done about it."""

    what: str
    """What happened, as a sentence without its full stop."""
    proposal: str
    """What would be done, as a clause."""
    measure: Measure
    adjustments: Adjustments
    before: dict[str, float | int | bool]
    """Settings of the recipe that would be carried out otherwise, by name."""
    after: dict[str, float | int | bool]
    answer: Literal["accept", "refuse"] | None = None

    @property
    def sentence(self) -> str:
        """What happened, and what would be done, without a full stop."""
        return f"{self.what}; if you agree, {self.proposal}"


class RecoveryFile(Value):
    """`recovery.json`: every measure, oldest first, and what they add up to."""

    measures: tuple[Measure, ...] = ()
    adjustments: Adjustments = Adjustments()
    first_attempt: int = 1
    """Nothing is done about the end of earlier attempts: they were paused, or are those of the job that is retried."""
    job_id: int | None = None
    """The retry that measures are counted for; None for the first job of the run."""
