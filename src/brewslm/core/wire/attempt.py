"""What the shim writes about one attempt: how it began and how it ended."""

from brewslm.core.value import Value


class AttemptFile(Value):
    """`attempt.json`: identity is boot id, pid and start time together, never the pid alone."""

    attempt: int
    boot_id: str
    shim_pid: int
    worker_pid: int
    started_at: float
    """Seconds since the epoch; for people, not for decisions."""


class ExitFile(Value):
    """`exit.json`: how the worker of an attempt ended."""

    attempt: int
    code: int | None
    """Exit code, or None where a signal ended it."""
    signal: int | None
    max_rss_bytes: int | None
    num_oom_kills: int = 0
    """Processes of its control group that the kernel killed for want of memory while it ran."""
    ended_at: float


class MicroBatch(Value):
    """What goes through the model at once."""

    num_tokens: int
    num_examples: int


class FailureFile(Value):
    """`failure.json`: what a worker that ended with a typed exit code has to say, in one line."""

    attempt: int
    message: str
    step: int | None = None
    micro_batch: MicroBatch | None = None
    """What was in the model, where memory ran out in a step."""
