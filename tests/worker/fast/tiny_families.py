"""Models of a few thousand weights, one of each shape that the fast path knows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from brewslm.worker.attention import PACKED_ATTENTION
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.shard import Shard

VOCAB_SIZE = 61
SMALL = {
    "vocab_size": VOCAB_SIZE,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.2,
    "tie_word_embeddings": False,
    "pad_token_id": 0,
}


def _config(class_name: str, **changes: Any) -> Callable[[], Any]:
    def make() -> Any:
        import transformers

        return getattr(transformers, class_name)(**{**SMALL, **changes})

    return make


LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 100.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
YARN_ROPE = {"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": 16}

FAMILIES: dict[str, Callable[[], Any]] = {
    "llama": _config("LlamaConfig"),
    "tied": _config("LlamaConfig", tie_word_embeddings=True),
    "llama3 angles, biases": _config("LlamaConfig", rope_parameters=LLAMA3_ROPE, attention_bias=True, mlp_bias=True),
    "yarn angles, one group": _config("LlamaConfig", rope_parameters=YARN_ROPE, num_key_value_heads=1),
    "wide heads": _config("LlamaConfig", head_dim=10, num_key_value_heads=4),
    "mistral, window": _config("MistralConfig", sliding_window=5),
    "qwen2": _config("Qwen2Config"),
    "qwen2, window": _config("Qwen2Config", use_sliding_window=True, sliding_window=5, max_window_layers=1),
    "qwen3": _config("Qwen3Config", head_dim=8),
    "smollm3": _config("SmolLM3Config", no_rope_layers=[1, 0, 1], tie_word_embeddings=True),
}

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def model_of(family: str, *, dtype: torch.dtype = torch.float32, seed: int = 5) -> Any:
    """A frozen base with uneven norms and biases, as training leaves them."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(FAMILIES[family](), attn_implementation="sdpa")
    for name, weight in model.named_parameters():
        if weight.ndim == 1:
            nn.init.normal_(weight, mean=0.0 if name.endswith("bias") else 1.0, std=0.3)
    model.requires_grad_(requires_grad=False)
    model.set_attn_implementation(PACKED_ATTENTION)
    return model.to(dtype).eval()


def with_adapter(model: Any, targets: Sequence[str] = LINEARS, **settings: Any) -> Any:
    """Add an adapter that already does something."""
    settings = {"r": 3, "lora_alpha": 5, **settings}
    tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", target_modules=list(targets), **settings))
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight, std=0.2)
    return tuned.eval()


def examples(*lengths: int, trained: Sequence[Sequence[int]], seed: int = 3) -> Shard:
    """Random examples of these lengths, in each of which these places are trained."""
    random = np.random.default_rng(seed)
    masks = [np.isin(np.arange(length), places) for length, places in zip(lengths, trained, strict=True)]
    return Shard(
        tokens=random.integers(1, VOCAB_SIZE, size=sum(lengths)).astype(np.uint32),
        mask=np.concatenate(masks).astype(np.uint8),
        offsets=np.cumsum([0, *lengths]).astype(np.int64),
        num_trained=np.array([len(places) for places in trained]),
    )


def chat(*lengths: int) -> Shard:
    """Examples of which the second half is trained, but for the very end."""
    return examples(*lengths, trained=[range(max(1, length // 2), max(2, length - 1)) for length in lengths])


def packed(shard: Shard) -> PackedBatch:
    return pack(shard, range(len(shard)), device=torch.device("cpu"))


def gradients_of(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
