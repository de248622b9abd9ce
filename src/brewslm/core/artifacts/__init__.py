"""One file per thing that a stage produces."""

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import Artifact, ArtifactKind
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.iteration.review import Review
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.mapping import MappingPreview
from brewslm.core.artifacts.optimization import Optimization
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.artifacts.release import Release
from brewslm.core.artifacts.schema import Schema
from brewslm.core.artifacts.snapshot import Snapshot

ARTIFACTS: dict[ArtifactKind, type[Artifact]] = {
    model.kind: model
    for model in (
        Snapshot,
        Schema,
        MappingPreview,
        Dataset,
        Manifest,
        Readiness,
        Adapter,
        EvalReport,
        Bundle,
        Release,
        Optimization,
        Golden,
        Review,
    )
}
"""Every kind of artifact and its model."""
