"""Whether a planned training will probably beat its base, and how far its loss will fall. Advice, not a gate."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind, ManifestId, ReadinessId
from brewslm.core.value import Value

Outlook = Literal["likely", "borderline", "unlikely"]


class LossRange(Value):
    """Mean loss per trained token of the eval split, nats, with an 80 % interval."""

    low: float
    expected: float
    high: float


class Forecast(Artifact):
    """What a plan will probably come to.

    Files: the rows that were drawn for it, as tokens.
    """

    kind: ClassVar[ArtifactKind] = "forecast"

    readiness_id: ReadinessId
    manifest_id: ManifestId
    base_model: str
    outlook: Outlook
    probability: float
    """That every gate of the evaluation passes."""
    base_loss: float
    """Of the untuned base on the drawn eval rows."""
    loss: LossRange
    """Predicted of the best checkpoint."""
    probe_steps: int
    """Steps that were trained to see how the loss falls; 0 where the base was only scored."""
    total_steps: int
    num_rows: int
    facts: tuple[str, ...]
    """What it rests on, in sentences."""
