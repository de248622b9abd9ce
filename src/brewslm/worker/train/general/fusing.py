"""Lets parts of any model take fewer passes over memory: what is known by what it computes, not by its name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from brewslm.worker.models import AnyModel, compute_dtype_of, use_operations
from brewslm.worker.operations.differentiable import norm, swiglu
from brewslm.worker.operations.interface import Operations
from brewslm.worker.sharding.weights import is_sharded

SAME = 1e-5
"""A part is replaced if it differs by no more than this from what takes its place, relative and absolute."""
NUM_TRIED_ROWS = 3
WEIGHT_OFFSETS = (0.0, 1.0)
"""Of norms: what is added to a weight before it multiplies; Gemma's are kept as differences from one."""

Forward = Callable[[Any, Tensor], Tensor]


def is_fusable(model: AnyModel) -> bool:
    """Whether the kernels can be used in this model: the whole of it is on a CPU, in float32, and computed in it."""
    if is_sharded(model) or compute_dtype_of(model) != torch.float32:
        return False
    return all(weight.device.type == "cpu" and weight.dtype == torch.float32 for weight in model.parameters())


@torch.no_grad()
def fuse(model: AnyModel, operations: Operations) -> None:
    """Have norms, gated MLPs, attention and the losses of a model that `is_fusable` computed by these.

    Norms are those of arXiv:1910.07467, with a weight w or 1 + w; MLPs those of arXiv:2002.05202. What differs in
    anything on random numbers keeps its own way.
    """
    use_operations(model, operations)
    with _without_dropout(model), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for module in model.modules():
            if not _fuse_norm(module, operations):
                _fuse_mlp(module, operations)


@contextmanager
def _without_dropout(model: nn.Module) -> Iterator[None]:
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    yield
    for module in training:
        module.training = True


def _fuse_norm(module: Any, operations: Operations) -> bool:  # noqa: ANN401 - each family has a class of its own
    epsilon = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    weights = dict(module.named_parameters())
    if not isinstance(epsilon, float) or list(weights) != ["weight"] or weights["weight"].ndim != 1:
        return False
    return any(
        _replace(module, _norm_with(operations, epsilon, offset), len(module.weight)) for offset in WEIGHT_OFFSETS
    )


def _norm_with(operations: Operations, epsilon: float, offset: float) -> Forward:
    def forward(self: Any, values: Tensor) -> Tensor:  # noqa: ANN401 - as above
        return norm(operations, values, self.weight + offset if offset else self.weight, epsilon)

    return forward


def _fuse_mlp(module: Any, operations: Operations) -> None:  # noqa: ANN401 - as above
    parts = dict(module.named_children())
    gate = parts.get("gate_proj")
    gate = getattr(gate, "base_layer", gate)
    if not isinstance(gate, nn.Linear) or not {"up_proj", "down_proj", "act_fn"} <= parts.keys():
        return
    numbers = torch.linspace(-4, 4, 64)
    if not _is_same(parts["act_fn"](numbers), silu(numbers)):
        return

    def forward(self: Any, values: Tensor) -> Tensor:  # noqa: ANN401 - as above
        result: Tensor = self.down_proj(swiglu(operations, self.gate_proj(values), self.up_proj(values)))
        return result

    _replace(module, forward, gate.in_features)


def _replace(module: Any, forward: Forward, num_inputs: int) -> bool:  # noqa: ANN401 - as above
    """Let a layer that takes nothing but activations be computed by `forward`, if that makes no difference."""
    if len(signature(module.forward).parameters) != 1:
        return False
    inputs = torch.randn(1, NUM_TRIED_ROWS, num_inputs) + 0.5
    if not _is_same(module(inputs), forward(module, inputs)):
        return False
    module.forward = MethodType(forward, module)
    return True


def _is_same(one: Any, other: Tensor) -> bool:  # noqa: ANN401 - whatever a layer returns
    return isinstance(one, Tensor) and one.shape == other.shape and torch.allclose(one, other, rtol=SAME, atol=SAME)
