"""What was tuned, as one model."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from transformers import AutoModelForCausalLM

from brewslm.core.wire.order import TunedForm
from brewslm.worker.models import load_tuned, use_plain_attention

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def merged_model(base_model: str, folder: Path, form: TunedForm) -> "tuple[PreTrainedModel, torch.dtype]":
    """Return what was tuned as one float32 model, and the dtype in which the base is stored."""
    stored = AutoModelForCausalLM.from_pretrained(base_model, dtype="auto").dtype
    tuned = load_tuned(base_model, folder, form)
    if form == "adapter":
        tuned = cast("PeftModel", tuned).merge_and_unload(safe_merge=True)
    merged = cast("PreTrainedModel", tuned)
    use_plain_attention(merged)
    return merged, stored
