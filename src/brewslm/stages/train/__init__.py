"""Stage 08: a ready plan becomes an adapter."""

from brewslm.stages.train.stage import TRAIN

__all__ = ["TRAIN"]
