"""Weights of which each process holds a part, cut along their first dimension."""

from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers.modeling_layers import GradientCheckpointingLayer

from brewslm.worker.models import AnyModel, device_here, without_adapter
from brewslm.worker.processes import Processes

_GATHERED = "brewslm_gathered"


def shard(model: AnyModel, processes: Processes) -> None:
    """Leave in this process its part of each weight, on the device that models run on.

    Weights are cut along their first dimension, block by block; what is in no block is one more group.
    """
    mesh = init_device_mesh(device_here().type, (processes.num,))
    root = without_adapter(model)
    blocks = [module for module in root.modules() if isinstance(module, GradientCheckpointingLayer)]
    for module in (*blocks, root):
        # Also the root lets go after each forward pass: what it kept would be old after the optimiser's step.
        sharded: Any = fully_shard(module, mesh=mesh, reshard_after_forward=True)
        sharded.set_gradient_divide_factor(1.0)
        sharded.set_force_sum_reduction_for_comms(enable=True)
    anything: Any = root
    setattr(anything, _GATHERED, MethodType(_call, root))
    register_fsdp_forward_method(root, _GATHERED)


def _call(self: torch.nn.Module, compute: Callable[[], Tensor]) -> Tensor:  # noqa: ARG001 - a method of the model
    return compute()


def is_sharded(model: AnyModel) -> bool:
    """Whether the weights of this model lie in shards."""
    return isinstance(without_adapter(model), FSDPModule)


def gathered(model: AnyModel, compute: Callable[[], Tensor]) -> Tensor:
    """Return what `compute` does, with the weights outside of blocks brought together for it and for its backward."""
    if not is_sharded(model):
        return compute()
    anything: Any = without_adapter(model)
    result: Tensor = getattr(anything, _GATHERED)(compute)
    return result


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor with the shards of all processes, each of which must ask; any other one as it is."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def like(tensor: Tensor, value: Tensor) -> Tensor:
    """Return a copy of this process's part of a whole `value`, if `tensor` is sharded; else the value itself."""
    if not isinstance(tensor, DTensor):
        return value
    on_device = value.to(tensor.device, tensor.dtype)
    part = distribute_tensor(on_device, tensor.device_mesh, tensor.placements, src_data_rank=None)
    return part.clone()  # which lets the whole go
