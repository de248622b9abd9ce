"""A stage as a value: what goes in, what comes out, what must hold, and the runbook between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from brewslm.core.artifacts.base import Artifact, ArtifactKind
from brewslm.core.context import StageContext
from brewslm.core.contract import Contract
from brewslm.core.events.base import Draft
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value

InputsT = TypeVar("InputsT", bound=Value)
OutputT = TypeVar("OutputT", bound=Artifact)


@dataclass(frozen=True, slots=True)
class Stage(Generic[InputsT, OutputT]):
    """One room of the house; `services/stage_runs.py` runs the ritual around it."""

    name: StageName
    title: str
    inputs: type[InputsT]
    output: type[OutputT]
    consumes: tuple[ArtifactKind, ...]
    contract: Contract[InputsT, OutputT]
    run: Callable[[InputsT, StageContext], OutputT]
    report: Callable[[OutputT], Draft]
    """The RunEvent of success, made from the artifact."""
    optional: bool = False

    @property
    def produces(self) -> ArtifactKind:
        """The kind of the one artifact that this stage writes."""
        return self.output.kind
