"""A tiny model of each architecture family that is trained, made from its configuration, with weights at random."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.worker.tiny import VOCAB_SIZE, write_tokenizer

_SMALL: dict[str, Any] = {
    "vocab_size": VOCAB_SIZE,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "pad_token_id": 3,
}
_WINDOW = 5
"""Places; most examples of the tests are longer."""
_WINDOWS = {"sliding_window": _WINDOW, "layer_types": ["sliding_attention", "full_attention"]}


def _llama() -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(**_SMALL, tie_word_embeddings=True)


def _one_key_value_head() -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(**(_SMALL | {"num_key_value_heads": 1}), attention_bias=True, mlp_bias=True)


def _mistral() -> Any:
    from transformers import MistralConfig

    return MistralConfig(**_SMALL, head_dim=4, sliding_window=_WINDOW)


def _qwen2() -> Any:
    from transformers import Qwen2Config

    return Qwen2Config(**_SMALL, tie_word_embeddings=True)


def _qwen3() -> Any:
    from transformers import Qwen3Config

    return Qwen3Config(**_SMALL, head_dim=8)


def _gemma2() -> Any:
    from transformers import Gemma2Config

    caps = {"attn_logit_softcapping": 1.5, "final_logit_softcapping": 4.0, "query_pre_attn_scalar": 8}
    return Gemma2Config(**_SMALL, **_WINDOWS, **caps, head_dim=4)


def _gemma3() -> Any:
    from transformers import Gemma3TextConfig

    return Gemma3TextConfig(**_SMALL, **_WINDOWS, head_dim=4, query_pre_attn_scalar=8, final_logit_softcapping=4.0)


def _smollm3() -> Any:
    from transformers import SmolLM3Config

    return SmolLM3Config(**_SMALL, no_rope_layers=[1, 0])


def _phi3() -> Any:
    from transformers import Phi3Config

    return Phi3Config(**_SMALL, sliding_window=_WINDOW)


def _phi() -> Any:
    from transformers import PhiConfig

    return PhiConfig(**_SMALL, qk_layernorm=True)


def _granite() -> Any:
    from transformers import GraniteConfig

    multipliers = {"logits_scaling": 3.0, "embedding_multiplier": 2.0, "residual_multiplier": 0.7}
    return GraniteConfig(**_SMALL, **multipliers, attention_multiplier=0.4)


_CONFIGS: dict[str, Callable[[], Any]] = {
    "llama": _llama,
    "llama_one_key_value_head": _one_key_value_head,
    "mistral": _mistral,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "smollm3": _smollm3,
    "phi3": _phi3,
    "phi": _phi,
    "granite": _granite,
}
FAMILIES = tuple(_CONFIGS)


def write_family(folder: Path, name: str) -> Path:
    """Write a model of this family with the tokenizer of bytes; biases and norms are at random, too."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(_CONFIGS[name]())
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 1:
                weight.add_(torch.randn_like(weight), alpha=0.2)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder
