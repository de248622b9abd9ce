"""Stage 06, prepare: examples become tokenised splits with a loss mask, and a manifest."""

from brewslm.stages.prepare.stage import PREPARE

__all__ = ["PREPARE"]
