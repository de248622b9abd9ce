"""An experiment: one recipe on one manifest, and all that it produced."""

from datetime import datetime

from brewslm.core.ids import ArtifactId, ExperimentId, JobId, ProjectId
from brewslm.core.value import Value


class Experiment(Value):
    """The row behind `experiments/exp-001/`."""

    project_id: ProjectId
    id: ExperimentId
    job_id: JobId
    plan_id: ArtifactId
    created_at: datetime

    @property
    def folder_name(self) -> str:
        """The name of its run directory, for example `exp-001`."""
        return experiment_folder(self.id)


def experiment_folder(experiment_id: ExperimentId) -> str:
    """Spell an experiment id as its run directory is named."""
    return f"exp-{experiment_id:03d}"
