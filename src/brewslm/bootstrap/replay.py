"""A workspace for a moment, in which stages run again on what was recorded."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter

from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.artifacts.base import ArtifactRecord, FileRef
from brewslm.core.errors import BrewError
from brewslm.core.ids import ExperimentId, JobId, ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.services.audit.replay import ReplayReport, replay

_FILES = TypeAdapter(tuple[FileRef, ...])


def replay_experiment(
    house: House, project_id: ProjectId, experiment_id: ExperimentId, *, has_training: bool = False
) -> ReplayReport:
    """Replay an experiment from the raw snapshot to the manifest, or the adapter; the workspace is not changed.

    Raises:
        NotFoundError: there is no such experiment.
    """
    with _scratch(house, project_id) as scratch:
        return replay(
            house.ports.storage,
            house.audit,
            scratch,
            project_id=project_id,
            experiment_id=experiment_id,
            has_training=has_training,
        )


@contextmanager
def _scratch(house: House, project_id: ProjectId) -> Iterator["_ScratchHouse"]:
    """On the same file system, so that files need not be copied."""
    from brewslm.bootstrap.container import open_house

    with tempfile.TemporaryDirectory(dir=house.settings.home, prefix=".replay-", ignore_cleanup_errors=True) as folder:
        settings: Settings = house.settings.model_copy(update={"home": Path(folder), "database_url": None})
        yield _ScratchHouse(house, open_house(settings, actor="replay"), project_id)


class _ScratchHouse:
    """Implements `Scratch` by a house of its own with one project."""

    def __init__(self, house: House, again: House, project_id: ProjectId) -> None:
        self._house = house
        self._again = again
        self._project_id = project_id
        known = house.projects.get(project_id)
        project = again.projects.create(
            known.name, template=known.template, base_model=known.base_model, seed=known.seed
        )
        self._own_id = project.id

    def take(self, record: ArtifactRecord) -> None:
        """Put its row there without its parents, and its files under the same names."""
        source = self._house.ports.store.project_folder(self._project_id)
        target = self._again.ports.store.project_folder(self._own_id)
        for ref in _FILES.validate_python(record.body.get("files", ())):
            _bring(source / ref.path, target / ref.path)
        with self._again.ports.storage.write() as transaction:
            job = transaction.jobs.add(project_id=self._own_id, kind="ingest", payload={}, created_at=record.created_at)
            transaction.jobs.change(job, status=JobStatus.CANCELLED, finished_at=record.created_at)
            own = {"project_id": self._own_id, "job_id": job.id, "parents": ()}
            transaction.artifacts.add(record.model_copy(update=own))

    def rerun(self, job: Job) -> ArtifactRecord:
        """Queue the same work there, and do it."""
        with self._again.ports.storage.write() as transaction:
            queued = transaction.jobs.add(
                project_id=self._own_id, kind=job.kind, payload=job.payload, created_at=job.created_at
            )
        done = self._again.runner.run(JobId(queued.id))
        if done.artifact_id is None:
            raise BrewError(done.error or f"the stage {job.kind} made nothing", reason=done.reason)
        with self._again.ports.storage.read() as transaction:
            return transaction.artifacts.get(self._own_id, done.artifact_id)


def _bring(source: Path, target: Path) -> None:
    """Link a file, which nobody writes any more; copy it where the file system has no links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
