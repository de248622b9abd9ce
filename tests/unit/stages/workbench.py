"""A project on a bench: runs single stages on a shelf of plain folders, with the checks of their contracts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from brewslm.adapters.advisor.absent import NoAdvisor
from brewslm.adapters.files.tables import ParquetTables
from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.adapters.sources.locators import LocalSources
from brewslm.adapters.text.similarity import MinHashSimilarity
from brewslm.core.artifacts.base import Artifact, FileRef
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.mapping import MappingPreview
from brewslm.core.artifacts.schema import Schema
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.errors import GateRefusedError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.payloads import PAYLOADS
from brewslm.core.finding import Finding
from brewslm.core.gate import judge
from brewslm.core.ids import ArtifactId, JobId, ProjectId, RunId
from brewslm.core.ports.advisor import Advisor
from brewslm.core.ports.source import Sources
from brewslm.core.project import Project
from brewslm.core.stage import Stage
from brewslm.core.value import Value
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.introspect import INTROSPECT
from brewslm.stages.introspect.contract import IntrospectInputs
from brewslm.stages.mapping import MAP_COMMIT, MAP_DRY_RUN
from brewslm.stages.mapping.contract import MapCommitInputs, MapDryRunInputs
from tests.fakes.artifact_store import FolderArtifactStore

InputsT = TypeVar("InputsT", bound=Value)
OutputT = TypeVar("OutputT", bound=Artifact)

PROJECT = Project(id=ProjectId(1), name="bench", created_at=datetime(2026, 1, 1, tzinfo=UTC))


class BenchShelf:
    """Implements `Shelf` over a dictionary and a folder."""

    def __init__(self, folder: Path) -> None:
        self._store = FolderArtifactStore(folder)
        self.artifacts: dict[ArtifactId, Artifact] = {}

    def put(self, artifact: Artifact) -> ArtifactId:
        self.artifacts[artifact.id] = artifact
        return artifact.id

    def read(self, model: type[OutputT], artifact_id: ArtifactId) -> OutputT:
        found = self.artifacts.get(artifact_id)
        if not isinstance(found, model):
            raise NotFoundError(f"There is no {model.kind} {artifact_id!r}.")
        return model.model_validate_json(found.model_dump_json())

    def all(self, model: type[OutputT]) -> tuple[OutputT, ...]:
        return tuple(one for one in self.artifacts.values() if isinstance(one, model))

    def path(self, relative: str) -> Path:
        return self._store.project_folder(PROJECT.id) / relative

    def draft(self) -> Path:
        return self._store.draft(PROJECT.id)

    def publish(self, draft: Path, *, room: str) -> tuple[FileRef, ...]:
        return self._store.publish(PROJECT.id, draft, room=room)

    def reference(self, paths: Sequence[Path]) -> tuple[FileRef, ...]:
        return self._store.reference(PROJECT.id, paths)


def _unused(*_: Any) -> Any:
    raise AssertionError("a data stage needs no such thing")


@dataclass
class Workbench:
    """Runs stages; remembers findings, reports and progress."""

    folder: Path
    is_cancelled: Callable[[], bool] = lambda: False
    advisor: Advisor = field(default_factory=NoAdvisor)
    sources: Sources = field(default_factory=LocalSources)
    findings: list[Finding] = field(default_factory=list)
    reports: list[Draft] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shelf = BenchShelf(self.folder / "workspace")
        self.context = StageContext(
            project=PROJECT,
            run_id=RunId("bench-1"),
            job_id=JobId(1),
            shelf=self.shelf,
            tables=ParquetTables(),
            similarity=MinHashSimilarity(),
            sources=self.sources,
            advisor=self.advisor,
            base_models=LocalBaseModels(is_offline=True),
            machine=None,  # type: ignore[arg-type]
            workers=None,  # type: ignore[arg-type]
            clock=None,  # type: ignore[arg-type]
            painter=None,  # type: ignore[arg-type]
            open_experiment=_unused,
            own_experiment=_unused,
            find_experiment=_unused,
            emit=_unused,
            progress=lambda fraction, _: self.fractions.append(fraction),
            is_cancelled=lambda: bool(self.is_cancelled()),
        )

    def run(self, stage: Stage[InputsT, OutputT], inputs: InputsT) -> OutputT:
        """Check, run, check, put on the shelf, report."""
        self._pass([check.test(inputs, self.context) for check in stage.contract.before])
        artifact = stage.run(inputs, self.context)
        self._pass([check.test(artifact, self.context) for check in stage.contract.after])
        self.shelf.put(artifact)
        draft = stage.report(artifact)
        assert isinstance(draft.payload, PAYLOADS[draft.reason])
        self.reports.append(draft)
        return artifact

    def _pass(self, found: list[Finding | None]) -> None:
        findings = [finding for finding in found if finding is not None]
        self.findings += findings
        verdict = judge(findings)
        if not verdict.passed:
            raise GateRefusedError(verdict.sentence, reason=verdict.reason)

    def write(self, name: str, content: str | bytes) -> str:
        """Write a source file; return its locator."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def ingest(self, name: str, content: str | bytes, **choices: Any) -> Snapshot:
        return self.run(INGEST, IngestInputs(locator=self.write(name, content), **choices))

    def introspect(self, snapshot: Snapshot, **choices: Any) -> Schema:
        return self.run(INTROSPECT, IntrospectInputs(snapshot_id=snapshot.id, **choices))

    def dry_run(self, schema: Schema, **choices: Any) -> MappingPreview:
        inputs = MapDryRunInputs(snapshot_id=schema.snapshot_id, schema_id=schema.id, **choices)
        return self.run(MAP_DRY_RUN, inputs)

    def commit(self, preview: MappingPreview, **choices: Any) -> Dataset:
        inputs = MapCommitInputs(mapping_id=preview.id, snapshot_id=preview.plan.snapshot_id, **choices)
        return self.run(MAP_COMMIT, inputs)

    def import_dataset(self, name: str, content: str | bytes, *, min_coverage: float = 0.0, **choices: Any) -> Dataset:
        """Stages 01 to 04 in one go."""
        schema = self.introspect(self.ingest(name, content), **choices)
        return self.commit(self.dry_run(schema), min_coverage=min_coverage)

    def rows(self, artifact: Artifact, name: str) -> list[dict[str, Any]]:
        """Read a Parquet file of an artifact."""
        import pyarrow.parquet as pq

        path = next(file.path for file in artifact.files if file.path.endswith(f"/{name}"))
        return pq.read_table(self.shelf.path(path)).to_pylist()
