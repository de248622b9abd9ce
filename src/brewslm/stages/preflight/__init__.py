"""Stage 07: will this run, and at what cost, before any compute is spent."""

from brewslm.stages.preflight.stage import PREFLIGHT

__all__ = ["PREFLIGHT"]
