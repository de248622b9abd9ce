"""What a user imports: `create_brew` and `create_trainer` for a `brew.py`, `Client` for a running server."""

from brewslm.sdk.brew import Brew, Trainer, create_brew, create_trainer
from brewslm.sdk.client import Client, Frame
from brewslm.sdk.events import CheckpointEvent, CompletedEvent, FailedEvent, LogEvent

__all__ = [
    "Brew",
    "CheckpointEvent",
    "Client",
    "CompletedEvent",
    "FailedEvent",
    "Frame",
    "LogEvent",
    "Trainer",
    "create_brew",
    "create_trainer",
]
