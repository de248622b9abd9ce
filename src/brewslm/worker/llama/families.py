"""Architectures that are written as GGUF: what llama.cpp calls them, and how their weights lie there."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brewslm.worker.failure import BadOrderError

if TYPE_CHECKING:
    from gguf import GGUFWriter

Weights = NDArray[np.float32]
Config: TypeAlias = Any
"""A configuration of transformers; which fields it has depends on the architecture."""


@dataclass(frozen=True, slots=True)
class Family:
    """One architecture."""

    architecture: str
    """In llama.cpp."""
    interleaves: bool = False
    """Whether rotary embeddings turn neighbours there, not halves as in transformers: rows of queries and keys move."""
    norms_from_one: bool = False
    """Whether transformers keeps the weights of norms less one."""
    uses_layer_norm: bool = False
    """LayerNorm with biases instead of RMSNorm."""
    ignores_window: bool = False
    """Whether llama.cpp attends to everything where the model was made for a window."""
    describe: "Callable[[Config, GGUFWriter], None]" = lambda _config, _writer: None
    """Writes what only this architecture has."""
    refuse: Callable[[Config], str | None] = lambda _config: None
    """Says what in a configuration cannot be written."""


def _gemma2(config: Config, writer: "GGUFWriter") -> None:
    writer.add_sliding_window(config.sliding_window)
    if config.attn_logit_softcapping is not None:
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
    if config.final_logit_softcapping is not None:
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def _gemma3(config: Config, writer: "GGUFWriter") -> None:
    writer.add_sliding_window(config.sliding_window)
    writer.add_sliding_window_pattern(_period(config))
    writer.add_rope_freq_base_swa(rope_of(config, "sliding_attention")["rope_theta"])
    if config.final_logit_softcapping is not None:
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def _granite(config: Config, writer: "GGUFWriter") -> None:
    writer.add_logit_scale(config.logits_scaling)
    writer.add_embedding_scale(config.embedding_multiplier)
    writer.add_residual_scale(config.residual_multiplier)
    writer.add_attention_scale(config.attention_multiplier)


def _period(config: Config) -> int:
    """Every how many layers one attends to everything; more than there are where none does."""
    full = [number for number, kind in enumerate(config.layer_types, start=1) if kind == "full_attention"]
    return full[0] if full else len(config.layer_types) + 1


def _odd_windows(config: Config) -> str | None:
    period = _period(config)
    kinds = ["full_attention" if number % period == 0 else "sliding_attention" for number in _layers(config)]
    return None if kinds == list(config.layer_types) else f"layer_types {config.layer_types}"


def _odd_gemma2(config: Config) -> str | None:
    return None if _period(config) == 2 and _odd_windows(config) is None else f"layer_types {config.layer_types}"


def _odd_positions(config: Config) -> str | None:
    expected = [int(number % 4 != 0) for number in _layers(config)]
    return None if list(config.no_rope_layers) == expected else f"no_rope_layers {config.no_rope_layers}"


def _any_window(config: Config) -> str | None:
    return "sliding_attention in layer_types" if "sliding_attention" in (config.layer_types or ()) else None


def _query_norms(config: Config) -> str | None:
    return "qk_layernorm" if config.qk_layernorm else None


def _layers(config: Config) -> range:
    return range(1, config.num_hidden_layers + 1)


FAMILIES = {
    "llama": Family("llama", interleaves=True),
    "mistral": Family("llama", interleaves=True, ignores_window=True),
    "qwen2": Family("qwen2", refuse=_any_window),
    "qwen3": Family("qwen3", refuse=_any_window),
    "gemma": Family("gemma", norms_from_one=True),
    "gemma2": Family("gemma2", norms_from_one=True, describe=_gemma2, refuse=_odd_gemma2),
    "gemma3_text": Family("gemma3", norms_from_one=True, describe=_gemma3, refuse=_odd_windows),
    "phi": Family("phi2", uses_layer_norm=True, refuse=_query_norms),
    "phi3": Family("phi3", ignores_window=True),
    "smollm3": Family("smollm3", interleaves=True, refuse=_odd_positions),
    "granite": Family("granite", interleaves=True, describe=_granite),
}
"""By the `model_type` of transformers; `core.wire.export.GGUF_MODEL_TYPES` names the same."""


def family_of(config: Config) -> Family:
    """Return the family of a model.

    Raises:
        BadOrderError: there is none, or the configuration has what llama.cpp cannot do.
    """
    family = FAMILIES.get(config.model_type)
    if family is None:
        known = ", ".join(FAMILIES)
        raise BadOrderError(f"A {config.model_type!r} model cannot be written as GGUF; those that can: {known}.")
    odd = family.refuse(config)
    if odd is not None:
        raise BadOrderError(f"llama.cpp cannot run this {config.model_type!r} model: its configuration has {odd}.")
    return family


def rope_of(config: Config, kind: str = "full_attention") -> dict[str, Any]:
    """Return the settings of rotary embeddings, of layers of this kind where they differ."""
    settings: dict[str, Any] = config.rope_parameters or {"rope_type": "default", "rope_theta": 10_000.0}
    found: dict[str, Any] = settings.get(kind, settings)
    return found


def head_size(config: Config) -> int:
    """Return how wide one head is."""
    given: int | None = getattr(config, "head_dim", None)
    return given or config.hidden_size // config.num_attention_heads


def arranged(family: Family, config: Config, name: str, weights: Weights) -> Weights:
    """Return a tensor of transformers as llama.cpp wants it; `name` is that of transformers."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": getattr(config, "num_key_value_heads", None)}
    module = name.rsplit(".", 2)[-2]
    if family.interleaves and module in heads:
        halves = weights.reshape(heads[module] or config.num_attention_heads, 2, -1, *weights.shape[1:])
        return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(weights.shape)
    if family.norms_from_one and name.endswith("norm.weight"):
        weights = weights + np.float32(1)
    return weights * np.float32(_query_factor(family, config)) if _scales_queries(family, module) else weights


def _scales_queries(family: Family, module: str) -> bool:
    """Gemma 3 normalises queries, so that its factor goes into that norm."""
    return (family.architecture, module) in {("gemma2", "q_proj"), ("gemma3", "q_norm")}


def _query_factor(family: Family, config: Config) -> float:
    """Return what queries are to be multiplied by: llama.cpp divides by the root of the head's size, but in 27B models.

    There (told by the number of layers) it divides by the root of hidden size over heads, as those were made.
    """
    is_largest = (family.architecture, config.num_hidden_layers) in {("gemma2", 46), ("gemma3", 62)}
    size = config.hidden_size / config.num_attention_heads if is_largest else head_size(config)
    return math.sqrt(size / config.query_pre_attn_scalar)
