"""File names in a run directory, and the exit codes by which a worker says how it ended."""

from enum import IntEnum

ORDER_FILE = "order.json"
LOG_FILE = "log.jsonl"
RESULT_FILE = "result.json"
RESULTS_FOR_PEOPLE_FILE = "results.yaml"
CURVES_NAME = "curves"
"""Of `curves.svg` and `curves.png`."""
CONFIG_FILE = "config.yaml"
WORKER_LOG_FILE = "worker.log"
FAILURE_FILE = "failure.json"
RECOVERY_FILE = "recovery.json"
"""What was done so that the run goes on, and what the worker does otherwise than the recipe says."""
CHECKPOINTS_FOLDER = "checkpoints"
FENCE_FILE = "fence"
"""Number of the newest attempt that began; an older one publishes nothing any more."""

LOCK_FILE = "lock"
BEAT_FILE = "beat"
"""Rewritten once a second by the shim: it lives."""
PULSE_FILE = "pulse"
"""Rewritten by the worker whenever it gets on, with the phase it is in: `training 17`."""
ATTEMPT_FILE = "attempt.json"
EXIT_FILE = "exit.json"

CONTROL_FOLDER = "control"
CANCEL_FILE = "cancel"
CHECKPOINT_NOW_FILE = "checkpoint_now"
"""Asks for a checkpoint. Text in it, such as the alert behind it, is why that checkpoint is pinned."""

MANIFEST_FILE = "MANIFEST.json"
"""Of a checkpoint: sizes and SHA-256 of every file in it; written last, then the folder is renamed into place."""
ADAPTER_FOLDER = "adapter"
"""Of a checkpoint: what PEFT loads."""
MODEL_FOLDER = "model"
"""Of a checkpoint of full fine-tuning: the whole model, what transformers loads."""
PINNED_FILE = "pinned"
"""Of a checkpoint: keeps it from being pruned; its text says why."""
LEASE_FILE = "lease"
"""Of a checkpoint: who reads it holds a shared lock on this file, and it is not pruned meanwhile."""


class ExitCode(IntEnum):
    """How a worker ended. Anything else is a crash."""

    DONE = 0
    BAD_ORDER = 64
    BAD_DATA = 65
    OUT_OF_MEMORY = 71
    NOT_FINITE = 72
    DISK_FULL = 73
    SUPERSEDED = 75
