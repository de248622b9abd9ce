"""The front door with the switches that the faults need, read from a file of the workspace.

`python -m tests.chaos.victim WORDS…` is the command line; workers that it starts run `python -m tests.chaos.worker`.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SWITCHES_FILE = "chaos.json"


def switches(home: Path) -> dict[str, Any]:
    """What is switched on in this workspace."""
    try:
        found: dict[str, Any] = json.loads((home / SWITCHES_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found


def worker_python(folder: Path) -> Path:
    """Write an interpreter that starts workers with switches."""
    path = folder / "chaos-python"
    if not path.exists():
        draft = folder / f"chaos-python.{os.getpid()}"
        draft.write_text(
            f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{Path(__file__).parents[2]}"\nexport PYTHONPATH\ncase "$*" in\n'
            f'    "-P -m brewslm.worker "*) shift 3; exec {sys.executable} -P -m tests.chaos.worker "$@" ;;\n'
            f'    "-P -m brewslm.worker.template "*) shift 3; exec {sys.executable} -P -m tests.chaos.template "$@" ;;\n'
            f'esac\nexec {sys.executable} "$@"\n'
        )
        draft.chmod(0o755)
        draft.replace(path)
    return path


def main() -> None:
    """Run the command line with the engine and the clock of a trial."""
    from brewslm.adapters.engines.local import LocalEngine
    from brewslm.adapters.system.clock import SystemClock
    from brewslm.api.__main__ import main as serve
    from brewslm.bootstrap import container
    from brewslm.cli.main import main as command_line

    home = Path(os.environ["BREWSLM_HOME"])
    python = str(worker_python(home.parent))
    make: Callable[..., Any] = LocalEngine
    container.LocalEngine = lambda **how: make(**{**how, "python": python, "num_threads": 1})  # type: ignore[misc,assignment]
    right = SystemClock.now

    def jumping(clock: SystemClock) -> datetime:
        return right(clock) + timedelta(seconds=switches(home).get("clock_offset_seconds", 0.0))

    SystemClock.now = jumping  # type: ignore[method-assign]
    if sys.argv[1:2] == ["serve"]:  # what `brewslm serve` becomes
        serve(sys.argv[2:])
    else:
        command_line()


if __name__ == "__main__":
    main()
