"""Tensors as the bytes of a safetensors file, piece by piece.

The library writes a file by itself, or makes all of its bytes at once: the one can neither be hashed on the way nor
given to a `Disk`, the other needs the memory of the file twice. Reading is the library's.
Format: https://huggingface.co/docs/safetensors, an eight-byte length, a JSON header, then the data without gaps.
"""

import json
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

_DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def safetensors_pieces(tensors: Mapping[str, Tensor]) -> Iterator[memoryview]:
    """Yield the pieces of a file that holds `tensors`, which are contiguous and on the CPU."""
    ordered = sorted(tensors.items(), key=lambda pair: (-pair[1].element_size(), pair[0]))
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in ordered:
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": _DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    yield memoryview(len(encoded).to_bytes(8, "little") + encoded)
    for _, tensor in ordered:
        if tensor.nbytes:
            yield tensor.reshape(-1).view(torch.uint8).numpy().data
