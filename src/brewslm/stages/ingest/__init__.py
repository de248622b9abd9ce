"""Stage 01, ingest: a source becomes an immutable snapshot."""

from brewslm.stages.ingest.stage import INGEST

__all__ = ["INGEST"]
