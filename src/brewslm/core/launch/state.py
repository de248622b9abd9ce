"""The state that a plan was made from, and whether it is still the state of the project."""

from brewslm.core.artifacts.golden import Golden
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import PlanState, TrainPlan
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.project import Project
from brewslm.core.value import sha256_of

_LENGTH = 16
_WORDS = {
    "newest_manifest": "the data was prepared again",
    "goldens": "the golden sets are others",
    "base_model": "the base model's files are others",
    "project": "the project's seed or base model is another",
}


def state_of(project: Project, shelf: Shelf, base: BaseModelFacts) -> PlanState:
    """Return the state as it is now."""
    manifests = shelf.all(Manifest)
    return PlanState(
        newest_manifest=manifests[-1].id if manifests else "",
        goldens=tuple(sorted(golden.id for golden in shelf.all(Golden))),
        base_model=sha256_of(base.model_dump(mode="json", exclude={"folder", "licence"}))[:_LENGTH],
        project=f"seed {project.seed}, {project.base_model}",
    )


def guard_of(plan: TrainPlan, state: PlanState) -> str:
    """Return the token that binds a plan to the state that it was made from."""
    return sha256_of({"plan": plan.model_dump(mode="json"), "state": state.model_dump(mode="json")})[:_LENGTH]


def changes_between(planned: PlanState, now: PlanState) -> tuple[str, ...]:
    """Say in words what has changed."""
    before, after = planned.model_dump(), now.model_dump()
    return tuple(words for name, words in _WORDS.items() if before[name] != after[name])
