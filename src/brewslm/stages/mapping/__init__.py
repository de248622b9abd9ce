"""Stages 03 and 04, map: records become examples. One room with two doors, because both are the same code."""

from brewslm.stages.mapping.stage import MAP_COMMIT, MAP_DRY_RUN

__all__ = ["MAP_COMMIT", "MAP_DRY_RUN"]
