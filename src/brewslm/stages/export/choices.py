"""The form of a bundle, from what a user said and left open."""

from dataclasses import dataclass
from typing import get_args

from brewslm.core.artifacts.bundle import DEFAULT_QUANTIZATION, TARGETS, ExportTarget
from brewslm.core.wire.export import QUANTIZATIONS, ExportFormat, Quantization

_ONNX = (
    "ONNX is not written: optimum-onnx 0.1 needs transformers below 4.58, and models are trained here with 5; "
    "--format gguf runs on the same devices"
)


@dataclass(frozen=True, slots=True)
class Form:
    """What is written, and for what."""

    format: ExportFormat
    target: ExportTarget
    quantization: Quantization | None


def form_of(format_: str | None, target: str | None, quantization: str | None) -> Form:
    """Fill in what was left open: the format by the target, the target by the format.

    Raises:
        ValueError: there is no such form; the message names those that there are.
    """
    if format_ == "onnx":
        raise ValueError(_ONNX)
    formats: dict[str, ExportFormat] = {known: known for known in TARGETS}
    targets: dict[str, ExportTarget] = {known: known for known in get_args(ExportTarget)}
    if format_ is not None and format_ not in formats:
        raise ValueError(f"--format {format_!r} cannot be written; choose one of: {', '.join(formats)}")
    if target is not None and target not in targets:
        raise ValueError(f"--target {target!r} is not known; choose one of: {', '.join(targets)}")
    by_target: ExportFormat = next((known for known, loads in TARGETS.items() if target in loads), "huggingface")
    chosen = formats[format_] if format_ is not None else by_target
    taken = targets[target] if target is not None else TARGETS[chosen][0]
    if taken not in TARGETS[chosen]:
        raise ValueError(f"--target {taken!r} does not load {chosen}; choose one of: {', '.join(TARGETS[chosen])}")
    return Form(chosen, taken, _quantization_of(chosen, quantization))


def _quantization_of(chosen: ExportFormat, asked: str | None) -> Quantization | None:
    if chosen != "gguf":
        if asked is not None:
            raise ValueError(f"--quantization {asked!r} is for --format gguf, not for {chosen}; leave it out")
        return None
    known: dict[str, Quantization] = {one: one for one in QUANTIZATIONS}
    if asked is not None and asked not in known:
        raise ValueError(f"--quantization {asked!r} is not known; choose one of: {', '.join(known)}")
    return DEFAULT_QUANTIZATION if asked is None else known[asked]
