"""A small model of each family that is written as GGUF, wide enough for blocks of 32 weights, and a tokenizer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.worker.tiny import SPECIAL, TEMPLATE

VOCAB_SIZE = 260
_SMALL: dict[str, Any] = {
    "vocab_size": VOCAB_SIZE,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.15,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "pad_token_id": 3,
}
_WINDOW = 5
"""Places; most examples of the tests are longer."""


def _config(name: str, **changes: Any) -> Any:
    import transformers

    return getattr(transformers, name)(**(_SMALL | changes))


def _llama3() -> Any:
    rope = {
        "rope_type": "llama3",
        "rope_theta": 500.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    return _config("LlamaConfig", rope_parameters=rope, attention_bias=True, mlp_bias=True)


_GEMMA = {"head_dim": 32, "query_pre_attn_scalar": 8, "sliding_window": _WINDOW}
_CONFIGS: dict[str, Callable[[], Any]] = {
    "llama": lambda: _config("LlamaConfig", tie_word_embeddings=True),
    "llama3": _llama3,
    "mistral": lambda: _config("MistralConfig", head_dim=32, sliding_window=None),
    "qwen2": lambda: _config("Qwen2Config", tie_word_embeddings=True),
    "qwen3": lambda: _config("Qwen3Config", head_dim=32),
    "gemma": lambda: _config("GemmaConfig", head_dim=32),
    "gemma2": lambda: _config(
        "Gemma2Config",
        **_GEMMA,
        layer_types=["sliding_attention", "full_attention"],
        attn_logit_softcapping=1.5,
        final_logit_softcapping=4.0,
    ),
    "gemma3": lambda: _config("Gemma3TextConfig", **_GEMMA, layer_types=["sliding_attention", "full_attention"]),
    "phi": lambda: _config("PhiConfig", partial_rotary_factor=0.5),
    "phi3": lambda: _config("Phi3Config", sliding_window=None),
    "smollm3": lambda: _config("SmolLM3Config", no_rope_layers=[1, 1, 1, 0], num_hidden_layers=4),
    "granite": lambda: _config(
        "GraniteConfig",
        logits_scaling=3.0,
        embedding_multiplier=2.0,
        residual_multiplier=0.7,
        attention_multiplier=0.4,
    ),
}
FAMILIES = tuple(_CONFIGS)


def write_llama_family(folder: Path, name: str, **changes: Any) -> Path:
    """Write a model of this family with random weights, biases and norms, and a tokenizer with merges."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(5)
    config = _CONFIGS[name]()
    for field, value in changes.items():
        setattr(config, field, value)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 1:
                weight.add_(torch.randn_like(weight), alpha=0.2)
    model.save_pretrained(folder)
    write_merging_tokenizer(folder)
    return folder


def write_merging_tokenizer(folder: Path, *, template: str = TEMPLATE) -> None:
    """A tokenizer of bytes, less two that no text has, plus two merges."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    merges = [("h", "e"), ("1", "2")]
    vocabulary = {token: number for number, token in enumerate(SPECIAL)}
    never = {"\u0141", "\u0142"}  # how the bytes 0xFE and 0xFF would be spelled, were they in UTF-8
    alphabet = [letter for letter in sorted(pre_tokenizers.ByteLevel.alphabet()) if letter not in never]
    for piece in (*alphabet[:254], *("".join(merge) for merge in merges)):
        vocabulary[piece] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=SPECIAL[0], eos_token=SPECIAL[2], pad_token=SPECIAL[3]
    )
    fast.chat_template = template
    fast.save_pretrained(str(folder))
