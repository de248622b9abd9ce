"""Stage 09: base and tuned on the same rows, with an interval on the difference."""

from brewslm.stages.evaluate.stage import EVALUATE

__all__ = ["EVALUATE"]
