"""Where a training begins that takes up what an earlier one has learnt."""

from typing import Annotated, Literal

from pydantic import Field

from brewslm.core.ids import ExperimentId
from brewslm.core.value import Value

_LARGEST = 2**53

AtStep = Annotated[int, Field(ge=1, le=_LARGEST)] | Literal["best", "last"]
"""A checkpoint of a run: that of a step, that of the lowest eval loss, or the newest."""


class Fork(Value):
    """A checkpoint of an experiment, however that ended, or while it goes on; its weights are taken, nothing else."""

    experiment_id: ExperimentId = Field(ge=1, le=_LARGEST)
    step: AtStep = "best"
