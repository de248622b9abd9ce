"""Stage 02, introspect: what shape the data has, and how sure that is."""

from brewslm.stages.introspect.stage import INTROSPECT

__all__ = ["INTROSPECT"]
