"""What an engine asks a template for, and how it answers: see docs/decisions/0021."""

from brewslm.core.value import Value

READY = b"ready"
"""The first message of a template that can be asked; any other is the reason why it cannot."""
MAX_REQUEST_BYTES = 1 << 16
MARK = "BREWSLM_WORKER_OF"
"""In the environment of a worker; a template keeps room for its value. The shim's own name for it is the same."""
ROOM_BYTES = 5120
"""Kept in a template's command line and environment for those of a worker, which may be this long."""


class ForkRequest(Value):
    """A worker that is wanted, and the shim above it. Two open files come with it: errors of the shim, its end."""

    run_directory: str
    shim: tuple[str, ...]
    """The command that becomes its parent; what it is to adopt is added."""
    worker: tuple[str, ...]
    """The command that it stands for: as which it is seen, and whose last words are what it works on."""
    environment: dict[str, str]
    """What differs from the environment that the template was started with."""
