"""The settings of one pretraining run."""

from dataclasses import asdict, dataclass, field

from pretrain.documents import Source
from pretrain.llama import ModelShape
from pretrain.optimisers import OptimiserName


@dataclass(frozen=True)
class RunSettings:
    """Everything that decides a run's curve, besides the token streams."""

    shape: ModelShape = field(default_factory=ModelShape)
    seed: int = 1
    optimiser: OptimiserName = "muon"
    learning_rate: float = 4e-3
    weight_decay: float = 0.1
    gradient_clip: float = 1.0
    warmup_steps: int = 100
    decay_start: int = 5000
    decay_steps: int = 1000
    tokens_per_step: int = 8192
    tokens_per_micro_batch: int = 1024
    stable_length: int = 512
    decay_length: int = 1024
    shares: tuple[tuple[Source, int], ...] = (("books", 29), ("gsm8k", 9), ("banking77", 4), ("own", 22))

    def as_dict(self) -> dict[str, object]:
        """Return the fields for a record."""
        return asdict(self)
