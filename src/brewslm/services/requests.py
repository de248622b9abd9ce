"""What users ask of a flow. These models are the HTTP bodies and the payloads of the jobs."""

from typing import Literal

from pydantic import Field

from brewslm.core.artifacts.optimization import DeviceName
from brewslm.core.data.example import Shape
from brewslm.core.value import Value

Scalar = int | float | str | bool


class ImportRequest(Value):
    """Stages 01 to 04 in one go."""

    locator: str = Field(min_length=1)
    """A path or pattern, `https:`, `hf:`, `kaggle:`, `s3:`, `gs:`, `abfs:`, `upload:<id>`, `file:`, `sample:<name>`."""
    as_shape: Shape | None = None
    """The reading to take where introspection is not certain."""


class AutopilotRequest(Value):
    """Everything that is still missing, up to the evaluation."""

    autopilot: Literal[True] = True
    one_click: bool = True
    """Launch at once. Without it the flow stops after the plan."""
    profile: Literal["safe", "balanced", "max_quality"] = "balanced"
    base_model: str | None = None
    """None takes the project's."""
    max_seq_len: int | None = Field(None, ge=16)
    """None takes the base model's context, at most 1,024."""
    overrides: dict[str, Scalar] = Field(default_factory=dict)
    """Dotted recipe fields to values, for example `{"optim.learning_rate": 0.001}`."""
    prompts: tuple[str, ...] = ()
    """Prompts to answer side by side in the evaluation."""


class EvaluationRequest(Value):
    """Evaluate the newest adapter, on its splits and, for classification, on a file besides."""

    locator: str | None = None
    """A file with the columns of the training data."""
    prompts: tuple[str, ...] = ()


class OptimizeRequest(Value):
    """Measure the newest bundle for a device."""

    target: DeviceName
