"""The name of a checkpoint that somebody tries in the Studio."""

import re
from dataclasses import dataclass

from brewslm.core.ids import ExperimentId

_NAME = re.compile(r"(?P<project>.+)@experiment(?P<experiment>[1-9][0-9]{0,8})-step(?P<step>0|[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Trial:
    """A checkpoint by its name."""

    experiment_id: ExperimentId
    step: int

    def model(self, project: str) -> str:
        """Spell it as a model of the endpoint."""
        return f"{project}@experiment{self.experiment_id}-step{self.step}"


def trial_of(model: str) -> tuple[str, Trial] | None:
    """Read the name of a model as a project and a checkpoint; None where it names something else."""
    found = _NAME.fullmatch(model)
    if found is None:
        return None
    return found["project"], Trial(ExperimentId(int(found["experiment"])), int(found["step"]))
