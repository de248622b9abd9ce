"""For which models the fast path is right. What is not known to be right is declined."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from brewslm.core.recipe.step_path import FAST_FAMILIES
from brewslm.worker.models import AnyModel, without_adapter
from brewslm.worker.train.fast.anatomy import ADAPTER, Anatomy, anatomy_of

ROPE_TYPES = frozenset({"default", "linear", "llama3", "yarn"})
"""Those whose angles depend on the position alone."""
LINEARS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
LINEARS_OF_MLP = ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")


def supports(model: AnyModel, *, dtype: torch.dtype) -> str | None:
    """Say in one line why the fast path cannot train this model, or None if it can.

    Args:
        model: with its adapter, if it has one.
        dtype: of the products.
    """
    return next((reason for reason in _reasons(model, dtype) if reason), None)


def _reasons(model: AnyModel, dtype: torch.dtype) -> Iterator[str | None]:
    outer = without_adapter(model)
    yield _about_place(outer, dtype)
    yield _about_family(outer)
    yield _about_linears(outer)
    yield _about_trained(model, anatomy_of(model), dtype)


def _about_place(model: Any, dtype: torch.dtype) -> str | None:  # noqa: ANN401 - as above
    devices = {weight.device.type for weight in model.parameters()}
    if devices != {"cpu"}:
        return f"it is for CPUs, and the model is on {', '.join(sorted(devices))}"
    if getattr(model.config, "attention_dropout", 0.0) and model.training:
        return "attention has dropout"
    if dtype not in (torch.float32, torch.bfloat16):
        return f"products in {dtype} are not among float32 and bfloat16"
    return None


def _about_family(model: Any) -> str | None:  # noqa: ANN401 - its configuration is of the family's class
    config = model.config
    if config.model_type not in FAST_FAMILIES:
        return f"the architecture {config.model_type!r} is not among {', '.join(sorted(FAST_FAMILIES))}"
    if config.hidden_act != "silu":
        return f"the activation {config.hidden_act!r} is not 'silu'"
    rotary = model.model.rotary_emb
    if rotary.rope_type not in ROPE_TYPES:
        return f"rotary angles of type {rotary.rope_type!r} depend on more than the position"
    if 2 * len(rotary.inv_freq) != model.model.layers[0].self_attn.head_dim:
        return "rotary angles turn a part of each head only"
    return None


def _about_linears(model: Any) -> str | None:  # noqa: ANN401 - as above
    for number, layer in enumerate(model.model.layers):
        for name in LINEARS + LINEARS_OF_MLP:
            reason = _about_linear(layer.get_submodule(name))
            if reason:
                return f"{name} of block {number} {reason}"
    if type(model.lm_head) is not nn.Linear or getattr(model.lm_head, "bias", None) is not None:
        return "the output head has an adapter or a bias"
    if type(model.get_input_embeddings()) is not nn.Embedding:
        return "the embedding has an adapter"
    return None


def _about_linear(module: Any) -> str | None:  # noqa: ANN401 - a linear layer, or what a library put in its place
    from peft.tuners.lora import Linear

    if type(module) is nn.Linear:
        return None
    if type(module) is not Linear or type(module.get_base_layer()) is not nn.Linear:
        return f"is a {type(module).__name__}"
    if list(module.lora_A) != [ADAPTER] or module.lora_variant or module.fan_in_fan_out:
        return "has another adapter than plain LoRA"
    if not isinstance(module.lora_dropout[ADAPTER], nn.Identity) or module.lora_B[ADAPTER].bias is not None:
        return "has an adapter with dropout or a bias"
    if module.merged or module.disable_adapters:
        return "has its adapter merged or switched off"
    return None


def _about_trained(model: AnyModel, anatomy: Anatomy, dtype: torch.dtype) -> str | None:
    trained = {id(weight) for weight in model.parameters() if weight.requires_grad}
    if not trained:
        return "nothing is trained"
    projections = [
        part
        for block in anatomy.blocks
        for part in (block.query, block.key, block.value, block.output, block.gate, block.up, block.down)
    ]
    factors = {id(w) for part in projections if part.adapter for w in (part.adapter.down, part.adapter.up)}
    everything = {id(weight) for weight in model.parameters()}
    if trained not in (factors, everything):
        return "neither all weights nor exactly the adapters are trained"
    dtypes = {weight.dtype for weight in model.parameters() if weight.requires_grad}
    if dtypes != {torch.float32}:
        return "trained weights are not kept in float32"
    kept = {part.weight.dtype for part in projections}
    if trained == factors and kept != {dtype}:
        return f"the base is kept in {', '.join(map(str, kept))} and products are to be made in {dtype}"
    return None
