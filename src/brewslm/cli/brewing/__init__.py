"""Running a `brew.py` in the terminal."""

from brewslm.cli.brewing.running import run_brew

__all__ = ["run_brew"]
