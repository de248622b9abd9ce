"""The operations in compiled kernels: what torch would do in several passes over memory is one."""

import ctypes
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from brewslm.worker.operations.build import kernel_library
from brewslm.worker.operations.interface import Angles, Attended, Gated, Heads, Normed, Operations, Scope

SUFFIXES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


def native_operations(cache: Path) -> Operations:
    """Load the kernels, building them if need be.

    Args:
        cache: where built kernels are kept.

    Raises:
        KernelBuildError: they cannot be built here.
    """
    kernels = Kernels(kernel_library(cache))
    return Operations(
        name="native",
        add_norm=kernels.add_norm,
        norm_backward=kernels.norm_backward,
        rotate=kernels.rotate,
        attend=kernels.attend,
        attend_backward=kernels.attend_backward,
        swiglu=kernels.swiglu,
        swiglu_backward=kernels.swiglu_backward,
        cross_entropy=kernels.cross_entropy,
    )


class _Shape(ctypes.Structure):
    """`Shape` of kernels/attention.cpp."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("num_heads", "num_groups", "head_size")),
        *((name, ctypes.c_int64) for name in ("query_stride", "key_stride", "value_stride")),
        *((name, ctypes.c_int64) for name in ("values_stride", "num_queries")),
        ("query_rows", ctypes.c_void_p),
        ("num_spans", ctypes.c_int64),
        ("spans", ctypes.c_void_p),
        ("window", ctypes.c_int64),
        ("scaling", ctypes.c_float),
    )


class Kernels:
    """Calls the library; `Operations` says what each of them does."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Call this library."""
        self._library = library

    def add_norm(self, residual: Tensor, delta: Tensor | None, weight: Tensor, epsilon: float, out: Normed) -> None:
        """See `Operations`."""
        if residual.dtype != torch.float32:
            raise TypeError(f"The residual stream is {residual.dtype}, not float32.")
        given = (0, 0) if delta is None else _rows(delta)
        weight = weight.float()
        self._call(
            "add_norm",
            out.values,
            *_rows(residual),
            *given,
            _data(weight),
            ctypes.c_float(epsilon),
            _data(out.stream),
            *_rows(out.values),
            _data(out.scale),
            *residual.shape,
        )

    def norm_backward(
        self, gradient: Tensor, normed: Normed, weight: Tensor, total: Tensor, of_weight: Tensor | None
    ) -> None:
        """See `Operations`."""
        weight = weight.float()
        self._call(
            "norm_backward",
            gradient,
            *_rows(gradient),
            _data(normed.stream),
            _data(normed.scale),
            _data(weight),
            _data(total),
            0 if of_weight is None else _data(of_weight),
            *total.shape,
        )

    def rotate(self, heads: Tensor, angles: Angles, is_backward: bool) -> None:  # noqa: FBT001 - as in the interface
        """See `Operations`."""
        direction = ctypes.c_float(-1.0 if is_backward else 1.0)
        self._call("rotate", heads, *_rows(heads), _data(angles.cosines), _data(angles.sines), direction, *heads.shape)

    def swiglu(self, gate: Tensor, up: Tensor, out: Tensor) -> None:
        """See `Operations`."""
        self._call("swiglu", out, *_rows(gate), *_rows(up), *_rows(out), *out.shape)

    def swiglu_backward(self, gate: Tensor, up: Tensor, gradient: Tensor, out: Gated) -> None:
        """See `Operations`."""
        given = [pointer for tensor in (gate, up, gradient, out.of_gate, out.of_up) for pointer in _rows(tensor)]
        values = (0, 0) if out.values is None else _rows(out.values)
        self._call("swiglu_backward", gradient, *given, *values, *gradient.shape)

    def cross_entropy(self, logits: Tensor, targets: Tensor, scale: float, losses: Tensor) -> None:
        """See `Operations`."""
        targets = targets.contiguous()
        self._call(
            "cross_entropy", logits, *_rows(logits), _data(targets), ctypes.c_float(scale), _data(losses), *logits.shape
        )

    def attend(self, heads: Heads, scope: Scope, out: Attended) -> None:
        """See `Operations`."""
        spans = _spans(scope)
        shape = _shape(heads, scope, spans, out)
        self._call(
            "attend",
            heads.query,
            heads.query.data_ptr(),
            heads.key.data_ptr(),
            heads.value.data_ptr(),
            ctypes.byref(shape),
            _data(out.values),
            _data(out.log_sums),
        )

    def attend_backward(self, gradient: Tensor, heads: Heads, scope: Scope, attended: Attended, out: Heads) -> None:
        """See `Operations`."""
        spans = _spans(scope)
        shape = _shape(heads, scope, spans, attended)
        if out.key.stride(0) != out.value.stride(0):
            raise ValueError("The gradients of keys and values are not laid out alike.")
        self._call(
            "attend_backward",
            heads.query,
            *_rows(gradient),
            heads.query.data_ptr(),
            heads.key.data_ptr(),
            heads.value.data_ptr(),
            ctypes.byref(shape),
            _data(attended.values),
            _data(attended.log_sums),
            *_rows(out.query),
            out.key.data_ptr(),
            *_rows(out.value),
        )

    def _call(self, name: str, typed: Tensor, *arguments: Any) -> None:  # noqa: ANN401 - whatever C takes
        kernel = getattr(self._library, f"{name}_{SUFFIXES[typed.dtype]}")
        kernel(*(ctypes.c_int64(value) if isinstance(value, int) else value for value in arguments))


def _rows(values: Tensor) -> tuple[int, int]:
    """Return where rows begin and how far they are apart, in numbers; within a row numbers must be side by side."""
    inner = 1
    for length, stride in zip(reversed(values.shape[1:]), reversed(values.stride()[1:]), strict=True):
        if stride != inner and length > 1:
            raise ValueError(f"Rows of shape {tuple(values.shape)} have strides {values.stride()}; they have gaps.")
        inner *= length
    return values.data_ptr(), values.stride(0)


def _data(values: Tensor) -> int:
    """Return where a tensor without gaps begins."""
    if not values.is_contiguous():
        raise ValueError(f"A tensor of shape {tuple(values.shape)} with strides {values.stride()} has gaps.")
    return values.data_ptr()


def _spans(scope: Scope) -> Tensor:
    """Return [num_spans, 4]: first row, end, first query and end of each example."""
    places = [scope.queries_of(span) for span in scope.spans]
    return torch.tensor(
        [(span.first, span.end, place.start, place.stop) for span, place in zip(scope.spans, places, strict=True)]
    )


def _shape(heads: Heads, scope: Scope, spans: Tensor, attended: Attended) -> _Shape:
    num_queries, num_heads, head_size = heads.query.shape
    return _Shape(
        num_heads=num_heads,
        num_groups=heads.key.shape[1],
        head_size=head_size,
        query_stride=_rows(heads.query)[1],
        key_stride=_rows(heads.key)[1],
        value_stride=_rows(heads.value)[1],
        values_stride=_rows(attended.values)[1],
        num_queries=num_queries,
        query_rows=0 if scope.query_rows is None else _data(scope.query_rows),
        num_spans=len(spans),
        spans=_data(spans),
        window=scope.window or 0,
        scaling=scope.scaling,
    )
