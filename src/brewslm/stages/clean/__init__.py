"""Stage 05, clean: the next dataset version, of which every change is listed with its rule."""

from brewslm.stages.clean.stage import CLEAN

__all__ = ["CLEAN"]
