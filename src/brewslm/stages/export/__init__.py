"""Stage 10: the tuned model as a bundle that works without the project."""

from brewslm.stages.export.stage import EXPORT

__all__ = ["EXPORT"]
