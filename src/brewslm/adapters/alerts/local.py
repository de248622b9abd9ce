"""Channels on this machine: a file of lines, and the desktop."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from brewslm.core.alerts.message import AlertMessage
from brewslm.core.errors import AlertError
from brewslm.core.reason import Severity

FILE = Path("logs") / "alerts.log"
"""Within the workspace."""
_MAX_BYTES = 5_000_000
_URGENCIES: dict[Severity, str] = {"info": "low", "warning": "normal", "error": "critical", "critical": "critical"}
_APPLE_SCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)
"""Text goes in as arguments, and is never part of the script."""


@dataclass(frozen=True)
class LogFile:
    """Implements `AlertSender`: one line of JSON each; the file before the last 5 MB is kept as `alerts.log.1`."""

    path: Path

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        """Append a line."""
        del seconds
        line = json.dumps(
            {
                "time": message.created_at.isoformat(),
                "severity": message.severity,
                "title": message.title,
                "text": message.line,
                "id": message.id,
                "events": [one.event_seq for one in message.notifications],
            },
            ensure_ascii=False,
        )
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > _MAX_BYTES:
                self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(f"{line}\n".encode())
        except OSError as error:
            raise AlertError(f"{str(self.path)!r} cannot be written: {error.strerror}") from error


@dataclass(frozen=True)
class Desktop:
    """Implements `AlertSender` by the program that shows notifications here."""

    program: str
    environment: Mapping[str, str]

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        """Show it."""
        try:
            done = subprocess.run(
                self._command(message), env=dict(self.environment), capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise AlertError(f"{self.program} did not end within {seconds:.0f} s") from error
        except OSError as error:
            raise AlertError(f"{self.program} cannot be started: {error.strerror}") from error
        if done.returncode:
            raise AlertError(f"{self.program} ended with code {done.returncode}")

    def _command(self, message: AlertMessage) -> list[str]:
        if sys.platform == "darwin":
            lines = [word for line in _APPLE_SCRIPT for word in ("-e", line)]
            return [self.program, *lines, "--", f"BrewSLM {message.heading}", message.text]
        options = ["--app-name=BrewSLM", f"--urgency={_URGENCIES[message.severity]}"]
        # Desktops may read markup in the body, as the specification of freedesktop.org allows.
        return [self.program, *options, "--", message.heading, escape(message.text, quote=False)]
