"""A cleaning tried on a dataset: the same path as the stage, the same counts, and nothing is kept of it."""

import shutil

from brewslm.core.artifacts.cleaning import CleaningPlan, CleaningReport
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.clean.stage import examples_path
from brewslm.stages.clean.sweep import Means, sweep

MAX_AT_ONCE = 20_000
"""So many examples are looked at while a caller of the API waits."""


class CleaningPreview(Value):
    """What a cleaning would do."""

    dataset_id: ArtifactId
    """The dataset version that was looked at."""
    report: CleaningReport


class CleaningPreviews:
    """The service."""

    def __init__(self, ports: Ports, projects: Projects) -> None:
        """Bind it to the ports."""
        self._ports = ports
        self._projects = projects

    def preview(
        self,
        project_id: ProjectId,
        plan: CleaningPlan,
        *,
        dataset_id: ArtifactId | None = None,
        max_examples: int | None = None,
    ) -> CleaningPreview:
        """Run a plan over a dataset (the newest by default), or over its first examples, and throw away what it wrote.

        Raises:
            NotFoundError: there is no such project or dataset.
            BrewError: the plan needs something that is not there, such as a tokenizer or a library.
        """
        self._projects.get(project_id)
        wanted = dataset_id or self._projects.current(project_id, "clean", "map_commit")
        if wanted is None:
            command = f"brewslm dataset import PATH --project {project_id}"
            message = f"project {project_id} has no dataset yet; make one with `{command}`"
            raise NotFoundError(message)
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        source = shelf.path(examples_path(shelf.read(Dataset, wanted)))
        scratch = shelf.draft()
        means = Means(self._ports.tables, self._ports.similarity, self._ports.base_models.locate)
        try:
            report = sweep(source, scratch, plan, means, at_batch=_unheard, max_examples=max_examples)
        finally:
            shutil.rmtree(scratch)
        return CleaningPreview(dataset_id=wanted, report=report)


def _unheard(done: int) -> None:
    """A preview tells nobody how far it is."""
    del done
