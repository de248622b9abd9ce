"""Stage 05, clean: the next dataset version, without exact duplicates."""

from brewslm.stages.clean.stage import CLEAN

__all__ = ["CLEAN"]
