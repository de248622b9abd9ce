"""AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101)."""

from pydantic import Field

from brewslm.core.value import Described


class OptimSettings(Described):
    """The optimiser. Adapter weights and its state are kept in float32."""

    learning_rate: float = Field(5e-4, gt=0.0, le=1.0)
    """Peak learning rate."""
    weight_decay: float = Field(0.0, ge=0.0, le=1.0)
    """Decoupled weight decay."""
    adam_beta1: float = Field(0.9, ge=0.0, lt=1.0)
    """Decay of the first moment."""
    adam_beta2: float = Field(0.999, ge=0.0, lt=1.0)
    """Decay of the second moment."""
    adam_epsilon: float = Field(1e-8, gt=0.0)
    """Added to the root of the second moment."""
    max_grad_norm: float = Field(1.0, gt=0.0)
    """Gradients are scaled down to this global L2 norm."""
