"""`--background`: the work of a command goes on in a process of its own, and the terminal is free at once."""

import subprocess
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from brewslm.core.job import Job

OPTION = "--background"
COMMANDS = (
    ("dataset", "import"),
    *(("ingest",), ("introspect",), ("map",), ("clean",), ("prepare",)),
    *(("jobs", "resume"), ("jobs", "retry")),
    *(("train",), ("evaluate",), ("optimize",), ("benchmark",), ("forecast",), ("export",), ("deploy",)),
)
"""Those that do exactly one job."""

is_wanted: ContextVar[bool] = ContextVar("is_wanted", default=False)


def refuse_elsewhere(words: list[str]) -> None:
    """Refuse the option on a command that it does nothing for.

    Raises:
        typer.BadParameter: it is such a command.
    """
    named = tuple(word for word in words if not word.startswith("-"))
    if not any(named[: len(command)] == command for command in COMMANDS):
        known = ", ".join(" ".join(command) for command in COMMANDS)
        message = f"only commands that do one job can go to the background: {known}"
        raise typer.BadParameter(message, param_hint=OPTION)


def start(job: "Job", logs: Path) -> Path:
    """Start a process that does the job, a step with its flow, or waits for the server that does; return its log."""
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = job.parent_id or job.id
    log = logs / f"job-{whole}.log"
    command = f"from brewslm.cli.main import main; main(['jobs', 'watch', '{whole}'])"
    with log.open("wb") as file:
        subprocess.Popen(
            [sys.executable, "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return log
