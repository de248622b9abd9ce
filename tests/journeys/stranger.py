"""What somebody without BrewSLM sees of a bundle: plain transformers and PEFT, one example at a time, no packing."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from brewslm.core.wire import shard


def loss_over(model: torch.nn.Module, folder: Path) -> float:
    """Mean loss per trained token over all examples of a prepared split, nats."""
    tokens = np.fromfile(folder / shard.TOKENS_FILE, dtype=shard.TOKENS_DTYPE).astype(np.int64)
    is_trained = np.fromfile(folder / shard.MASK_FILE, dtype=shard.MASK_DTYPE).astype(bool)
    offsets = np.fromfile(folder / shard.OFFSETS_FILE, dtype=shard.OFFSETS_DTYPE).astype(np.int64)
    total, count = 0.0, 0
    for begin, end in pairwise(offsets):
        ids = torch.from_numpy(tokens[begin:end])
        with torch.no_grad():
            logits = model(input_ids=ids[None]).logits[0, :-1].float()
        losses = torch.nn.functional.cross_entropy(logits, ids[1:], reduction="none")
        chosen = torch.from_numpy(is_trained[begin + 1 : end])
        total += losses[chosen].double().sum().item()
        count += int(chosen.sum())
    return total / count


def losses_of_a_stranger(bundle: Path, base: Path, folder: Path) -> tuple[float, float]:
    """Load the merged model, and the adapter on its base, and return both losses.

    Computed in float32: in bfloat16 the order of the sums alone moves the mean over a dozen examples by 1e-3.
    """
    merged = AutoModelForCausalLM.from_pretrained(bundle / "model", dtype=torch.float32)
    foundation = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(foundation, str(bundle / "adapter"))
    return loss_over(merged, folder), loss_over(adapted, folder)
