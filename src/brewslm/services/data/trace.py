"""One row, followed from the source to its split: what every table on the way says of it."""

from typing import Any

from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.services.audit.audit import Audit
from brewslm.services.data.browsing import Browsing, tables_of
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects

_ORDER: tuple[ArtifactKind, ...] = ("snapshot", "dataset", "manifest")
_DROPPED = {
    "too_long": "It is too long for a split, and was left out.",
    "answer_cut_away": "It is so long that cutting it off leaves nothing to train, and was left out.",
    "template_refused": "It is in no split.",
    "leak": "It asks the same as an example of a more protected split or of a golden set, and was left out.",
}
MAX_FOUND = 100
"""A row that is cut into chunks may be in a table many times; so many are shown."""


class Sighting(Value):
    """A place where the row is."""

    artifact_id: ArtifactId
    kind: ArtifactKind
    table: str
    row: dict[str, Any]


class RowTrace(Value):
    """A row's way."""

    source_row: int
    """From 0, over the whole source."""
    fate: str
    """Where it is now, in a sentence."""
    sightings: tuple[Sighting, ...]
    """From the source on."""


class Tracing:
    """The service."""

    def __init__(self, ports: Ports, projects: Projects, browsing: Browsing, audit: Audit) -> None:
        """Bind it to the ports and to the services that it asks."""
        self._ports, self._projects, self._browsing, self._audit = ports, projects, browsing, audit

    def trace(self, project_id: ProjectId, source_row: int) -> RowTrace:
        """Follow a row through the project's newest dataset and the splits made from it.

        Raises:
            NotFoundError: there is no dataset yet, or no such row.
        """
        dataset_id = self._projects.current(project_id, "clean", "map_commit")
        if dataset_id is None:
            self._projects.get(project_id)
            command = f"brewslm dataset import PATH --project {project_id}"
            message = f"project {project_id} has no dataset yet; make one with `{command}`"
            raise NotFoundError(message)
        chain = self._chain(project_id, dataset_id)
        found = [sighting for record in chain for sighting in self._look(record, source_row)]
        if not found:
            num_rows = Dataset.model_validate(self._projects.artifact(project_id, dataset_id).body).tally.total
            message = f"there is no row {source_row}; the source has {num_rows:,}, counted from 0"
            raise NotFoundError(message)
        return RowTrace(source_row=source_row, fate=fate_of(found, dataset_id), sightings=tuple(found))

    def _chain(self, project_id: ProjectId, dataset_id: ArtifactId) -> list[ArtifactRecord]:
        """Snapshot, dataset versions and manifest, in the order in which they were made."""
        chain = [*reversed(self._audit.lineage(project_id, dataset_id))]
        manifest_id = self._projects.current(project_id, "prepare")
        if manifest_id is not None:
            manifest = self._projects.artifact(project_id, manifest_id)
            chain += [manifest] if dataset_id in manifest.parents else []
        kept = [record for record in chain if record.kind in _ORDER]
        return sorted(kept, key=lambda record: _ORDER.index(record.kind))

    def _look(self, record: ArtifactRecord, source_row: int) -> list[Sighting]:
        column = "row" if record.kind == "snapshot" else "source_row"
        found = []
        for table, file in tables_of(record).items():
            path = self._ports.store.project_folder(record.project_id) / file.path
            if column not in self._ports.tables.outline(path).columns:
                continue
            page = self._browsing.page(record.project_id, record.id, table, limit=MAX_FOUND, where={column: source_row})
            found += [Sighting(artifact_id=record.id, kind=record.kind, table=table, row=row) for row in page.rows]
        return found


def fate_of(found: list[Sighting], dataset_id: ArtifactId) -> str:
    """Say where a row is now, from all places where it was seen."""
    splits = sorted({one.table.removesuffix("/examples") for one in found if _is_split(one)})
    if splits:
        return f"It is in {' and '.join(splits)}."
    dropped = next((one.row for one in found if one.kind == "manifest" and one.table == "dropped"), None)
    if dropped is not None:
        fate = _DROPPED.get(str(dropped.get("reason", "too_long")), "It is in no split.")
        return f"{fate} {dropped['detail']}" if dropped.get("detail") else fate
    if any(one.artifact_id == dataset_id and one.table == "examples" for one in found):
        return "It is an example of the newest dataset, which has not been split yet."
    removed = next((one.row for one in found if one.table == "removed"), None)
    if removed is not None:
        return f"Cleaning removed it: {removed.get('rule', 'no rule was kept')}."
    rejected = next((one.row for one in found if one.table == "rejections"), None)
    if rejected is not None:
        return f"It was rejected: {rejected['reason']}, {rejected['detail']}."
    return "It was read, and is in no dataset."


def _is_split(sighting: Sighting) -> bool:
    return sighting.kind == "manifest" and sighting.table.endswith("/examples")
