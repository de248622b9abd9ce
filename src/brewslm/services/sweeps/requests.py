"""What is asked of a sweep."""

import itertools
import math
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from brewslm.core.ids import ArtifactId
from brewslm.core.value import Value
from brewslm.services.requests import Scalar

MAX_RUNS = 64
SweepName = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]*$", max_length=60)]


class SweepRequest(Value):
    """One training for each combination of values, on the same data."""

    name: SweepName | None = None
    """None takes the next of sweep-1, sweep-2, … Asking again under a name goes on with what is missing of it."""
    grid: dict[str, tuple[Scalar, ...]] = Field(min_length=1)
    """Dotted recipe fields to the values to try, for example `{"optim.learning_rate": [0.001, 0.003]}`."""
    overrides: dict[str, Scalar] = Field(default_factory=dict)
    """Fields that are the same in every training; `placement.engine` gives them to a cluster."""
    profile: Literal["safe", "balanced", "max_quality"] = "balanced"
    manifest_id: ArtifactId | None = None
    """The preparation to train on; None takes the activated one, or the newest."""

    @model_validator(mode="after")
    def _is_a_grid(self) -> "SweepRequest":
        for field, values in self.grid.items():
            if not values:
                raise ValueError(f"{field} has no values: name those to try")
            if len(set(map(repr, values))) < len(values):
                raise ValueError(f"{field} names a value twice: {', '.join(map(str, values))}")
            if field in self.overrides:
                raise ValueError(f"{field} is in the grid and fixed besides: leave one of them out")
        num = math.prod(map(len, self.grid.values()))
        if num > MAX_RUNS:
            raise ValueError(f"the grid has {num} combinations, and a sweep has {MAX_RUNS} at most: name fewer values")
        return self

    @property
    def cells(self) -> tuple[dict[str, Scalar], ...]:
        """Every combination, the last field changing fastest."""
        return tuple(dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values()))
