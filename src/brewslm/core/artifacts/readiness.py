"""The readiness report, with the plan of the training that it judged."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind, ManifestId
from brewslm.core.finding import Finding
from brewslm.core.recipe.recipe import Recipe, ValueSource
from brewslm.core.value import Value


class Estimate(Value):
    """A number that was not measured, or the absence of one."""

    low: float | None
    expected: float | None
    high: float | None
    unit: Literal["bytes", "seconds", "tokens"]
    basis: str
    """From what it was estimated, in words."""
    provenance: Literal["measured", "estimated", "mixed"] = "estimated"


class TrainPlan(Value):
    """The resolved recipe and what it will probably cost."""

    recipe: Recipe
    sources: dict[str, ValueSource]
    """Dotted field name of the recipe to where its value came from."""
    num_trained_tokens: int
    memory: Estimate
    disk: Estimate
    time: Estimate


class Readiness(Artifact):
    """Will this run, and at what cost."""

    kind: ClassVar[ArtifactKind] = "readiness"

    manifest_id: ManifestId
    base_model: str
    verdict: Literal["ready", "blocked"]
    findings: tuple[Finding, ...]
    plan: TrainPlan
