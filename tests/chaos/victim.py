"""The front door with the switches that the faults need, read from a file of the workspace.

`python -m tests.chaos.victim WORDS…` is the command line; workers that it starts run `python -m tests.chaos.worker`.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brewslm.adapters.engines.templates import Templates

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
    path, own = folder / "chaos-python", f"{sys.executable} -P -m tests.chaos."
    if not path.exists():
        draft = folder / f"chaos-python.{os.getpid()}"
        draft.write_text(
            f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{Path(__file__).parents[2]}"\nexport PYTHONPATH\ncase "$*" in\n'
            f'    "-P -m brewslm.worker "*) shift 3; exec {own}worker "$@" ;;\n'
            f'    "-P -m brewslm.worker.template "*) shift 3; exec {own}template "$@" ;;\n'
            f'esac\nexec {sys.executable} "$@"\n'
        )
        draft.chmod(0o755)
        draft.replace(path)
    return path


def main(words: Sequence[str], templates: "Templates | None" = None) -> None:
    """Run the command line with the engine and the clock of a trial.

    Args:
        words: of the command line.
        templates: what workers are forked of, if not of an own template.
    """
    from brewslm.adapters.engines.local import LocalEngine
    from brewslm.adapters.system.clock import SystemClock
    from brewslm.api.__main__ import main as serve
    from brewslm.bootstrap import container
    from brewslm.cli.main import main as command_line

    home = Path(os.environ["BREWSLM_HOME"])
    changes = {"python": str(worker_python(home.parent)), "num_threads": 1}
    make: Callable[..., Any] = LocalEngine
    container.LocalEngine = lambda **how: make(  # type: ignore[misc,assignment]
        **{**how, **changes, "templates": templates or how["templates"]}
    )
    right = SystemClock.now

    def jumping(clock: SystemClock) -> datetime:
        return right(clock) + timedelta(seconds=switches(home).get("clock_offset_seconds", 0.0))

    SystemClock.now = jumping  # type: ignore[method-assign]
    if words[:1] == ["serve"]:  # what `brewslm serve` becomes
        serve(list(words[1:]))
    else:
        command_line(list(words))


if __name__ == "__main__":
    main(sys.argv[1:])
