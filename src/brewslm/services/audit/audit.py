"""The audit of a workspace: its events, its artifacts, and where an artifact came from."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from brewslm.core.artifacts.base import ArtifactRecord, FileRef, artifact_id_of, content_hash_of
from brewslm.core.errors import ArtifactDamagedError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.ports.artifact_store import ArtifactStore
from brewslm.core.ports.storage import Storage
from brewslm.services.audit.files import Seen, fault_of, look_at
from brewslm.services.audit.report import ArtifactProblem, ArtifactsReport, EventsReport

_FILES = TypeAdapter(tuple[FileRef, ...])
"""Read from the body as it is: an older schema version of an artifact names its files in the same way."""


@dataclass(slots=True)
class _Count:
    """What was looked at; a file that several artifacts name is read once."""

    seen: dict[tuple[ProjectId, str], Seen] = field(default_factory=dict)

    @property
    def num_bytes(self) -> int:
        return sum(seen.size_bytes for seen in self.seen.values())


class Audit:
    """Checks ledger and store against their hashes. It changes nothing."""

    def __init__(self, storage: Storage, store: ArtifactStore) -> None:
        """Look at this ledger and this store."""
        self._storage = storage
        self._store = store

    def verify_events(self) -> EventsReport:
        """Re-compute every hash chain; name the rows that were edited, removed, inserted or re-ordered."""
        num_events, problems = self._storage.verify_events()
        return EventsReport(num_events=num_events, problems=problems)

    def verify_artifacts(self, project_id: ProjectId | None = None) -> ArtifactsReport:
        """Re-hash the body and every file of the artifacts of one project, or of all.

        Raises:
            NotFoundError: there is no such project.
        """
        with self._storage.read() as transaction:
            if project_id is not None:
                transaction.projects.get(project_id)
            records = transaction.artifacts.list(project_id=project_id)
        known = {(record.project_id, record.id) for record in records}
        count = _Count()
        problems: list[ArtifactProblem] = []
        for record in records:
            for path, problem in self._problems_of(record, known, count):
                problems.append(
                    ArtifactProblem(project_id=record.project_id, artifact_id=record.id, path=path, problem=problem)
                )
        return ArtifactsReport(
            num_artifacts=len(records),
            num_files=len(count.seen),
            num_bytes=count.num_bytes,
            problems=tuple(problems),
        )

    def lineage(self, project_id: ProjectId, artifact_id: ArtifactId) -> tuple[ArtifactRecord, ...]:
        """List the artifact and everything that it was made from, nearest first, up to the snapshot; each once.

        Raises:
            NotFoundError: the project has no such artifact.
        """
        found: dict[ArtifactId, ArtifactRecord] = {}
        with self._storage.read() as transaction:
            waiting = deque([artifact_id])
            while waiting:
                here = waiting.popleft()
                if here not in found:
                    found[here] = transaction.artifacts.get(project_id, here)
                    waiting.extend(found[here].parents)
        return tuple(found.values())

    def file(self, project_id: ProjectId, artifact_id: ArtifactId, path: str) -> tuple[Path, FileRef]:
        """Find a file of an artifact by the path that its body names; its size is checked, its hash is not.

        Raises:
            NotFoundError: the project has no such artifact, or the artifact no such file.
            ArtifactDamagedError: the file is missing, has another size, or leads out of the project's folder.
        """
        with self._storage.read() as transaction:
            record = transaction.artifacts.get(project_id, artifact_id)
        refs = {ref.path: ref for ref in _FILES.validate_python(record.body.get("files", ()))}
        if path not in refs:
            message = f"{artifact_id} has no file {path!r}; `brewslm artifacts show {artifact_id}` names those it has"
            raise NotFoundError(message)
        folder = self._store.project_folder(project_id)
        problem = fault_of(folder, refs[path])
        if problem:
            message = f"{path} of {artifact_id}: {problem}. Run `brewslm artifacts verify` to see what else is damaged."
            raise ArtifactDamagedError(message)
        return folder / path, refs[path]

    def _problems_of(
        self, record: ArtifactRecord, known: set[tuple[ProjectId, ArtifactId]], count: _Count
    ) -> Iterator[tuple[str | None, str]]:
        """Yield what is wrong with one artifact: the file (or None for the row), and a sentence."""
        for parent in record.parents:
            if (record.project_id, parent) not in known:
                yield None, f"its parent {parent} is not in the ledger"
        actual = content_hash_of(record.kind, record.schema_version, record.body)
        if actual != record.content_hash or record.id != artifact_id_of(record.kind, record.content_hash):
            yield None, "its body does not match its hash: changed after it was recorded"
            return
        for ref in _FILES.validate_python(record.body.get("files", ())):
            problem = self._problem_of_file(record.project_id, ref, count)
            if problem:
                yield ref.path, problem

    def _problem_of_file(self, project_id: ProjectId, ref: FileRef, count: _Count) -> str | None:
        key = (project_id, ref.path)
        if key not in count.seen:
            count.seen[key] = look_at(self._store.project_folder(project_id), ref.path)
        return count.seen[key].problem_with(ref)
