"""The parts of a Llama-shaped model, found where transformers and PEFT keep them."""

from dataclasses import dataclass
from typing import Any

from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from brewslm.worker.models import AnyModel, without_adapter

ADAPTER = "default"


@dataclass(frozen=True, slots=True)
class Adapter:
    """Two low-rank factors: x turns into `scaling` * (x downᵀ) upᵀ."""

    down: nn.Parameter
    """[rank, num_inputs]."""
    up: nn.Parameter
    """[num_outputs, rank]."""
    scaling: float

    @property
    def rank(self) -> int:
        """Inner size."""
        return len(self.down)


@dataclass(frozen=True, slots=True)
class Projection:
    """A linear layer, with its adapter where it has one."""

    weight: nn.Parameter
    """[num_outputs, num_inputs]."""
    bias: nn.Parameter | None
    adapter: Adapter | None

    @property
    def is_trained(self) -> bool:
        """Whether anything in it is."""
        return self.adapter is not None or self.weight.requires_grad


@dataclass(frozen=True, slots=True)
class Norm:
    """Root-mean-square normalisation (Zhang and Sennrich 2019, arXiv:1910.07467)."""

    weight: nn.Parameter
    epsilon: float


@dataclass(frozen=True, slots=True)
class BlockParts:
    """One decoder block."""

    attention_norm: Norm
    query: Projection
    key: Projection
    value: Projection
    query_norm: Norm | None
    key_norm: Norm | None
    output: Projection
    mlp_norm: Norm
    gate: Projection
    up: Projection
    down: Projection
    head_size: int
    scaling: float
    """Of the attention scores."""
    has_rotary: bool
    window: int | None
    """How many tokens back, itself included, a token sees; None sees all of them."""

    @property
    def is_trained(self) -> bool:
        """Whether anything in it is."""
        projections = (self.query, self.key, self.value, self.output, self.gate, self.up, self.down)
        return self.attention_norm.weight.requires_grad or any(part.is_trained for part in projections)


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A whole model."""

    embedding: nn.Parameter
    """[vocab_size, hidden_size]."""
    rotary: nn.Module
    blocks: tuple[BlockParts, ...]
    norm: Norm
    head: nn.Parameter
    """[vocab_size, hidden_size]; the embedding itself where they are tied."""


def anatomy_of(model: AnyModel) -> Anatomy:
    """Find the parts; the model must be one of those that `support.py` names."""
    outer: Any = without_adapter(model)
    decoder = outer.model
    return Anatomy(
        embedding=decoder.embed_tokens.weight,
        rotary=decoder.rotary_emb,
        blocks=tuple(_block(layer) for layer in decoder.layers),
        norm=_norm(decoder.norm),
        head=outer.lm_head.weight,
    )


def is_adapter_off(model: AnyModel) -> bool:
    """Whether the model is for a while what it was without its adapter."""
    return any(isinstance(module, BaseTunerLayer) and module.disable_adapters for module in model.modules())


def _block(layer: Any) -> BlockParts:  # noqa: ANN401 - a decoder layer of any of the families
    attention, mlp = layer.self_attn, layer.mlp
    has_head_norms = hasattr(attention, "q_norm")
    return BlockParts(
        attention_norm=_norm(layer.input_layernorm),
        query=_projection(attention.q_proj),
        key=_projection(attention.k_proj),
        value=_projection(attention.v_proj),
        query_norm=_norm(attention.q_norm) if has_head_norms else None,
        key_norm=_norm(attention.k_norm) if has_head_norms else None,
        output=_projection(attention.o_proj),
        mlp_norm=_norm(layer.post_attention_layernorm),
        gate=_projection(mlp.gate_proj),
        up=_projection(mlp.up_proj),
        down=_projection(mlp.down_proj),
        head_size=attention.head_dim,
        scaling=attention.scaling,
        has_rotary=bool(getattr(attention, "use_rope", True)),
        window=_window(attention),
    )


def _window(attention: Any) -> int | None:  # noqa: ANN401 - as above
    """Return the window that the layer hands to its attention; Mistral's layers read it from the configuration."""
    keeper = attention if hasattr(attention, "sliding_window") else attention.config
    window: int | None = getattr(keeper, "sliding_window", None) if attention.config.model_type != "llama" else None
    return window


def _norm(module: Any) -> Norm:  # noqa: ANN401 - each family has a class of its own
    return Norm(module.weight, module.variance_epsilon)


def _projection(module: Any) -> Projection:  # noqa: ANN401 - a linear layer, or PEFT's around one
    layer: Any = module if isinstance(module, nn.Linear) else module.get_base_layer()
    adapter = None
    if layer is not module:
        scaling = float(module.scaling[ADAPTER])
        adapter = Adapter(module.lora_A[ADAPTER].weight, module.lora_B[ADAPTER].weight, scaling)
    return Projection(layer.weight, layer.bias, adapter)
