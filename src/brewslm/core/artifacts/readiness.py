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
    unit: Literal["bytes", "seconds", "tokens", "kWh", "money"]
    basis: str
    """From what it was estimated, in words."""
    provenance: Literal["measured", "estimated", "mixed"] = "estimated"
    """`mixed`: estimated, and corrected by what was measured on this machine."""
    uncorrected: float | None = None
    """What was expected before that correction; None where none was tried."""


class PlanState(Value):
    """What a plan was made from, as far as it can change before the launch."""

    newest_manifest: str
    """Of all preparations of the project."""
    goldens: tuple[str, ...]
    """Golden sets of the project."""
    base_model: str
    """What identifies the base model's files."""
    project: str
    """What the project says about seed and base model."""


class TrainPlan(Value):
    """The resolved recipe and what it will probably cost."""

    recipe: Recipe
    sources: dict[str, ValueSource]
    """Dotted field name of the recipe to where its value came from."""
    num_trained_tokens: int
    memory: Estimate
    disk: Estimate
    time: Estimate
    tokens: Estimate | None = None
    """Of examples that go through training."""
    energy: Estimate | None = None
    cost: Estimate | None = None
    """In the money of the prices that its basis names."""


class Readiness(Artifact):
    """Will this run, and at what cost."""

    kind: ClassVar[ArtifactKind] = "readiness"

    manifest_id: ManifestId
    base_model: str
    verdict: Literal["ready", "blocked"]
    is_strict: bool = True
    """Whether anything that blocks blocks the run. Otherwise only what a launch could not survive does."""
    findings: tuple[Finding, ...]
    plan: TrainPlan
    state: PlanState | None = None
    """What the plan was made from; None in reports of before this was kept."""
    guard: str = ""
    """Binds plan and state: a launch that names it gets this plan, or, where the project has changed, another one."""
