"""A review list: rows that a model failed, to be looked at, mended and trained on the next time."""

from typing import ClassVar

from brewslm.core.artifacts.base import Artifact, ArtifactKind, EvalReportId


class Review(Artifact):
    """Failing rows of one evaluation, chosen by somebody.

    Files: `rows.parquet`, a table of `ScoredRow`, the worst first.
    """

    kind: ClassVar[ArtifactKind] = "review"

    eval_report_id: EvalReportId
    task: str
    metric: str
    """By which they fail."""
    slice: str | None
    """Of which part of the rows they are; None for all."""
    note: str
    """Why they are here."""
    num_rows: int
