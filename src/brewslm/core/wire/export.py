"""The forms of a bundle, and where two answers part: words that order, result and artifact share."""

from typing import Literal, get_args

from brewslm.core.value import Value

ExportFormat = Literal["huggingface", "safetensors", "adapter", "gguf"]
Quantization = Literal["f32", "f16", "bf16", "q8_0", "q5_k_m", "q4_k_m"]
"""Number formats of a GGUF file, as llama.cpp calls them."""

QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)
GGUF_FILE = "model.gguf"
GGUF_PACKAGES = (("gguf",), ("xllamacpp", "llama-cpp-python"))
"""What writes a GGUF file and what tries it, as distributions; one of each is enough."""

INSTALL_GGUF = "install it with `./brewslm --setup --extras train,gguf` in a clone, or `pip install 'brewslm[gguf]'`"
GGUF_MODEL_TYPES = (
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "gemma3_text",
    "phi",
    "phi3",
    "smollm3",
    "granite",
)
"""Architectures, as transformers calls them, that can be written as GGUF."""


class FirstDifference(Value):
    """Where two greedy answers to the same prompt part."""

    prompt: int
    """Its number, from 0."""
    position: int
    """Of the token in the answer, from 0."""
    tuned: str
    """The token of the tuned model, as text."""
    bundle: str
    margin: float
    """By how many nats the tuned model prefers its own token to the bundle's."""
