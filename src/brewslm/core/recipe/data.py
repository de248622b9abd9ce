"""How examples become batches."""

from pydantic import Field

from brewslm.core.value import Described


class DataSettings(Described):
    """Sequence length and batch."""

    max_seq_len: int = Field(512, ge=16, le=131072)
    """Longest example in tokens; longer ones were left out, and counted, when the data was prepared."""
    batch_size: int = Field(8, ge=1, le=4096)
    """Examples per optimiser step and device before accumulation; they are packed without padding."""
    gradient_accumulation_steps: int = Field(1, ge=1, le=4096)
    """Batches whose gradients are summed before one optimiser step."""
    micro_batch_tokens: int = Field(8192, ge=16, le=1048576)
    """Most tokens that go through the model at once; a batch of more is cut, which changes memory and nothing else."""
    num_epochs: float = Field(3.0, gt=0.0, le=1000.0)
    """Passes over the train split; `total_steps` wins where both are given."""
    total_steps: int | None = Field(None, ge=1)
    """Optimiser steps; None derives them from `num_epochs`."""
