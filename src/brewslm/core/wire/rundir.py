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
DESIGN_PROBLEM_FILE = "design_problem.md"
"""Why a training is taken to lead nowhere: what was expected, what was seen, what to consider."""
CHECKPOINTS_FOLDER = "checkpoints"
PARENT_FOLDER = "parent"
"""Of a fork: the weights that it begins with, which stay when the checkpoint that they are of is pruned."""
BALLAST_FILE = "ballast"
"""Of a training: room that is given back when the disk is full, so that what is done about it can be written."""
FENCE_FILE = "fence"
"""Number of the newest attempt that began; an older one publishes nothing any more."""

DEVICE_FILE = "device"
"""The GPU to run on, as the driver numbers them; absent where the machine has only one device."""
PLACEMENT_FILE = "placement.json"
"""The engine of a training and the number of its processes; absent where one process works on this machine."""
LOCK_FILE = "lock"
BEAT_FILE = "beat"
"""Rewritten once a second by the shim: it lives."""
PULSE_FILE = "pulse"
"""Rewritten by the worker whenever it gets on, with the phase it is in: `training 17`."""
ATTEMPT_FILE = "attempt.json"
EXIT_FILE = "exit.json"

CONTROL_FOLDER = "control"
CANCEL_FILE = "cancel"
LEARNING_RATE_FILE = "learning_rate"
"""Holds the factor by which the recipe's learning rate is multiplied from the next step on."""
STOP_FILE = "stop"
"""Asks for an end after this step, as a whole training: evaluate, save, and give the best checkpoint. Text in it, such
as the alert behind it, is why."""
PAUSE_FILE = "pause"
"""Asks for a checkpoint and the end of the attempt, which a later one goes on from."""
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
    PAUSED = 74
    SUPERSEDED = 75
    DEVICE_FAILED = 76
    PEER_LOST = 77
