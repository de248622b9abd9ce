"""What a training leaves: an adapter or a whole model, where it came from, and the losses beside the base."""

from typing import ClassVar

from brewslm.core.artifacts.base import AdapterId, Artifact, ArtifactKind, ManifestId, ReadinessId
from brewslm.core.engines.names import EngineName
from brewslm.core.ids import ExperimentId
from brewslm.core.value import Value
from brewslm.core.wire.order import TunedForm
from brewslm.core.wire.progress import RewardScores
from brewslm.core.wire.result import TrainEnd


class ForkOrigin(Value):
    """The checkpoint that a forked training began with the weights of."""

    experiment_id: ExperimentId
    step: int
    seal: str
    """Of the checkpoint's manifest, which vouches for its files."""
    readiness_id: ReadinessId
    """The plan of that experiment."""
    adapter_id: AdapterId | None
    """What that experiment left, where it is of this very step."""


class Adapter(Artifact):
    """What was tuned. Its files are those of the best checkpoint, in the experiment's run directory."""

    kind: ClassVar[ArtifactKind] = "adapter"

    manifest_id: ManifestId
    readiness_id: ReadinessId
    experiment_id: ExperimentId
    engine: EngineName = "local"
    """Where it was trained."""
    origin: ForkOrigin | None = None
    """Where a fork began; None where the training began with the base."""
    base_model: str
    form: TunedForm = "adapter"
    """An adapter for the base model, which PEFT loads, or, after full fine-tuning, a model of its own."""
    folder: str
    """Relative to the project's folder."""
    step: int
    total_steps: int
    last_step: int | None = None
    """The step after which the training ended early; None where it made all of them."""
    end: TrainEnd = "total_steps"
    """What ended it."""
    base_eval_loss: float
    """Mean loss per trained token (of `dpo`, `orpo` per pair, of `kto` per answer) of the eval split under the untuned
    base, nats."""
    eval_loss: float
    """The same under what was tuned, at this step."""
    rewards: RewardScores | None = None
    """How far it prefers better answers of the eval split; of the modes that learn from judgements."""
    final_train_loss: float | None
