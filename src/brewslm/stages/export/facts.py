"""What is known of a bundle when its papers are written."""

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.project import Project
from brewslm.core.wire.parity import Parity
from brewslm.core.wire.result import ExportResult
from brewslm.stages.export.choices import Form


@dataclass(frozen=True)
class BundleFacts:
    """Everything that the papers are written from."""

    project: Project
    base: BaseModelFacts
    adapter: Adapter
    manifest: Manifest
    dataset: Dataset | None
    readiness: Readiness | None
    snapshot: Snapshot | None
    evaluation: EvalReport
    parity: Parity
    form: Form
    result: ExportResult

    @cached_property
    def version(self) -> str:
        """Of BrewSLM."""
        return version("brewslm")


@dataclass(frozen=True, slots=True)
class FileSum:
    """A file of a bundle and its checksum."""

    name: str
    sha256: str
