"""One fused step for a linear layer and its low-rank adapter: fewer passes over memory, and a lean backward.

Hu et al. 2021 (arXiv:2106.09685): y = x W' + (x A') B' * scaling. The weights stay where PEFT keeps them.
"""

from types import MethodType
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import Linear
from torch import Tensor
from torch.nn.functional import linear

FEWEST_MERGED_ROWS = 256
"""With fewer, merging costs more than it saves."""
ROW_UNIT = 16
"""Rows of products begin at multiples of so many numbers, which is a line of the cache in float32."""


class _LoraLinear(torch.autograd.Function):
    """Products are made in the type of the input, sums of gradients are given in that of the adapter."""

    @staticmethod
    def forward(  # noqa: PLR0913, PLR0917 - as torch calls it
        ctx: Any,  # noqa: ANN401 - as above
        values: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        down: Tensor,
        up: Tensor,
        scaling: float,
    ) -> Tensor:
        flat = values.reshape(-1, values.shape[-1])
        small_down, small_up = down.to(values.dtype), up.to(values.dtype)
        ctx.is_merged = _is_merging_exact(flat, weight) and len(flat) >= FEWEST_MERGED_ROWS
        if ctx.is_merged:
            merged = torch.cat([torch.addmm(weight, up, down, alpha=scaling), down])
            result, low = _in_two(flat, merged.T, len(weight))
            result, low = result if bias is None else result.add_(bias), low.contiguous()
        else:
            low = flat @ small_down.T
            result = linear(flat, weight, bias).addmm_(low, small_up.T, alpha=scaling)
        ctx.save_for_backward(flat, weight, small_down, small_up, low)
        ctx.scaling, ctx.dtype = scaling, down.dtype
        return result.view(*values.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None, Tensor, Tensor, None]:  # noqa: ANN401 - as torch calls it
        flat, weight, down, up, low = ctx.saved_tensors
        outer = gradient.reshape(-1, gradient.shape[-1])
        of_values = None
        if ctx.is_merged and ctx.needs_input_grad[0]:
            merged = torch.cat([torch.addmm(weight, up, down, alpha=ctx.scaling), up * ctx.scaling], dim=1)
            of_values, inner = _in_two(outer, merged, len(down.T))
        else:
            inner = (outer @ up).mul_(ctx.scaling)
            if ctx.needs_input_grad[0]:
                of_values = (outer @ weight).addmm_(inner, down)
        of_down = (inner.T @ flat).to(ctx.dtype)
        of_up = (outer.T @ low).to(ctx.dtype).mul_(ctx.scaling)
        return None if of_values is None else of_values.view(*gradient.shape[:-1], -1), None, None, of_down, of_up, None


def _is_merging_exact(values: Tensor, weight: Tensor) -> bool:
    """Whether base and adapter may be one matrix for a while, which bfloat16 would round away."""
    return values.device.type == "cpu" and values.dtype == weight.dtype == torch.float32


def _in_two(left: Tensor, right: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Multiply once; return the first `width` columns, and the others."""
    num_columns = right.shape[1]
    room = left.new_empty(len(left), -(-num_columns // ROW_UNIT) * ROW_UNIT)
    both = torch.mm(left, right, out=room[:, :num_columns])
    return both[:, :width], both[:, width:]


def fuse_adapters(model: PeftModel) -> int:
    """Let every plain adapted linear layer use the fused step; return how many there are.

    Layers with dropout and other kinds of layers keep PEFT's own forward.
    """
    fused = [
        module
        for module in model.modules()
        if isinstance(module, Linear)
        and type(module.get_base_layer()) is torch.nn.Linear
        and list(module.lora_A) == ["default"]
        and isinstance(module.lora_dropout["default"], torch.nn.Identity)
        and not module.lora_variant
        and not module.lora_B["default"].bias
    ]
    for module in fused:
        module.forward = MethodType(_forward, module)  # type: ignore[method-assign]  # one instance, not the class
    return len(fused)


def _forward(self: Any, values: Tensor, *args: Any, **options: Any) -> Tensor:  # noqa: ANN401 - a method of PEFT's layer
    if self.disable_adapters or self.merged or options:
        plain: Tensor = type(self).forward(self, values, *args, **options)
        return plain
    base, name = self.get_base_layer(), "default"
    result: Tensor = _LoraLinear.apply(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        values, base.weight, base.bias, self.lora_A[name].weight, self.lora_B[name].weight, self.scaling[name]
    )
    return result
