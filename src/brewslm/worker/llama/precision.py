"""Which number format each tensor of a GGUF file gets, and the conversion to it.

The mixes are llama.cpp's own (`llama-quantize`): output and every third value and down projection in six bits, the rest
in four or five; where rows do not divide into blocks, the next format that they do divide into.
"""

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.export import Quantization
from brewslm.worker.llama.library import load_library

QUANTIZATION_VERSION = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """A tensor type of ggml."""

    number: int
    block: int
    """Weights to a block."""
    block_bytes: int

    def num_bytes(self, count: int) -> int:
        """Bytes of this many weights."""
        return count // self.block * self.block_bytes


F32, F16, BF16 = Kind(0, 1, 4), Kind(1, 1, 2), Kind(30, 1, 2)
Q5_0, Q5_1, Q8_0 = Kind(6, 32, 22), Kind(7, 32, 24), Kind(8, 32, 34)
Q4_K, Q5_K, Q6_K = Kind(12, 256, 144), Kind(13, 256, 176), Kind(14, 256, 210)

_MAIN = {"f32": F32, "f16": F16, "bf16": BF16, "q8_0": Q8_0, "q5_k_m": Q5_K, "q4_k_m": Q4_K}
_FUSED = {"q5_k_m": Q6_K, "q4_k_m": Q5_K}
_SMALLER_BLOCKS = {Q4_K: Q5_0, Q5_K: Q5_1, Q6_K: Q8_0}
FILE_TYPES = {"f32": 0, "f16": 1, "bf16": 32, "q8_0": 7, "q5_k_m": 17, "q4_k_m": 15}
"""`llama_ftype`, which a file says for people to read."""


def kind_of(
    name: str, shape: tuple[int, ...], quantization: Quantization, *, num_layers: int, has_output: bool
) -> Kind:
    """Return the type of a tensor; `name` is that of llama.cpp."""
    if len(shape) < 2 or "norm" in name or name.startswith("rope_"):
        return F32
    main = _MAIN[quantization]
    kind = main
    if quantization in _FUSED:
        kind = _mixed(name, main, _FUSED[quantization], num_layers=num_layers, has_output=has_output)
    if shape[-1] % kind.block and kind in _SMALLER_BLOCKS:
        kind = _SMALLER_BLOCKS[kind]
    return F16 if shape[-1] % kind.block else kind


def _mixed(name: str, main: Kind, fused: Kind, *, num_layers: int, has_output: bool) -> Kind:
    if name == "output.weight" or (name == "token_embd.weight" and not has_output):
        return Q6_K
    if ".attn_qkv." in name:
        return fused
    if ".attn_v." in name or ".ffn_down." in name:
        return Q6_K if _counts_more(int(name.split(".")[1]), num_layers) else main
    return main


def _counts_more(layer: int, num_layers: int) -> bool:
    """The first and last eighth of the layers, and every third between them."""
    eighth = num_layers // 8
    return layer < eighth or layer >= 7 * num_layers // 8 or (layer - eighth) % 3 == 2


def converted(weights: NDArray[np.float32], kind: Kind) -> NDArray[np.uint8]:
    """Return the bytes of a tensor in a format, by ggml's own conversion.

    Raises:
        BadOrderError: llama.cpp is not installed.
    """
    weights = np.ascontiguousarray(weights, dtype=np.float32)
    if kind == F32:
        return weights.reshape(-1).view(np.uint8)
    if kind == F16:
        return weights.astype(np.float16).reshape(-1).view(np.uint8)
    room = np.empty(kind.num_bytes(weights.size), dtype=np.uint8)
    width = weights.shape[-1]
    load_library().functions.ggml_quantize_chunk(
        kind.number,
        weights.ctypes.data_as(ctypes.c_void_p),
        room.ctypes.data_as(ctypes.c_void_p),
        0,
        weights.size // width,
        width,
        None,
    )
    return room
