"""What an audit found."""

from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.ports.storage import ChainProblem
from brewslm.core.value import Value


class EventsReport(Value):
    """The hash chains of the audit spine."""

    num_events: int
    problems: tuple[ChainProblem, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every row fits its chain."""
        return not self.problems


class ArtifactProblem(Value):
    """Something about an artifact that is not as the ledger recorded it."""

    project_id: ProjectId
    artifact_id: ArtifactId
    path: str | None
    """The file, relative to the project's folder; None where the row itself is meant."""
    problem: str


class ArtifactsReport(Value):
    """The artifacts of a project, or of all."""

    num_artifacts: int
    num_files: int
    num_bytes: int
    """Read and hashed."""
    problems: tuple[ArtifactProblem, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every body and every file is as it was recorded."""
        return not self.problems
