"""Writes a model as a GGUF file: what it is, its vocabulary, its weights one after the other."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.export import INSTALL_GGUF, Quantization
from brewslm.worker.failure import BadOrderError
from brewslm.worker.files import sync_folder
from brewslm.worker.llama.families import Config, Family, Weights, arranged, family_of, head_size, rope_of
from brewslm.worker.llama.precision import F32, FILE_TYPES, QUANTIZATION_VERSION, Kind, converted, kind_of
from brewslm.worker.llama.vocabulary import write_vocabulary

if TYPE_CHECKING:
    from gguf import GGMLQuantizationType, GGUFWriter
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    source: str
    """Its name in transformers; empty where it is computed here."""
    shape: tuple[int, ...]
    kind: Kind


class Told(np.ndarray[Any, Any]):
    """Says why it could not be written: the error of numpy's own `tofile` does not know that a disk is full."""

    def tofile(self, fid: Any, sep: str = "", format: str = "%s") -> None:  # noqa: A002, ANN401 - numpy's
        """Write the bytes."""
        del sep, format
        fid.write(self.data)


def write_gguf(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    path: Path,
    *,
    quantization: Quantization,
    name: str,
) -> None:
    """Write a float32 model; the same model gives the same bytes.

    Raises:
        BadOrderError: the architecture or the tokenizer is none that llama.cpp knows, or `gguf` is not installed.
    """
    try:
        from gguf import GGUFWriter
    except ImportError as error:
        raise BadOrderError(f"A GGUF file is written with gguf, which is not here; {INSTALL_GGUF}.") from error
    config: Config = model.config.get_text_config()
    family = family_of(config)
    weights: dict[str, Any] = {
        source: tensor for source, tensor in model.state_dict().items() if not _is_copy(source, config)
    }
    writer = GGUFWriter(path, family.architecture)
    writer.add_type("model")
    writer.add_name(name)
    writer.add_file_type(FILE_TYPES[quantization])
    writer.add_quantization_version(QUANTIZATION_VERSION)
    _write_shape(writer, family, config)
    write_vocabulary(writer, tokenizer, model.generation_config, num_tokens=config.vocab_size)
    tensors = list(_tensors(family, config, weights, quantization))
    for tensor in tensors:
        num_bytes = tensor.kind.num_bytes(int(np.prod(tensor.shape)))
        writer.add_tensor_info(
            tensor.name, tensor.shape, np.dtype(np.float32), num_bytes, raw_dtype=_ggml_type(tensor.kind)
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in tensors:
        writer.write_tensor_data(converted(_values(tensor, family, config, weights), tensor.kind).view(Told))
    writer.flush()
    for stream in writer.fout or ():
        os.fsync(stream.fileno())
    writer.close()
    sync_folder(path.parent)


def _values(tensor: _Tensor, family: Family, config: Config, weights: dict[str, Any]) -> Weights:
    if not tensor.source:
        return _frequencies(config)
    return arranged(family, config, tensor.source, weights[tensor.source].float().cpu().numpy())


def _is_copy(source: str, config: Config) -> bool:
    """Whether a tensor is no weight of its own."""
    return (source == "lm_head.weight" and bool(config.tie_word_embeddings)) or source.endswith("rotary_emb.inv_freq")


def _ggml_type(kind: Kind) -> "GGMLQuantizationType":
    from gguf import GGMLQuantizationType

    return GGMLQuantizationType(kind.number)


def _write_shape(writer: "GGUFWriter", family: Family, config: Config) -> None:
    rope, size = rope_of(config), head_size(config)
    writer.add_context_length(_context_length(family, config))
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_freq_base(rope["rope_theta"])
    turned = rope.get("partial_rotary_factor") or getattr(config, "partial_rotary_factor", None) or 1.0
    writer.add_rope_dimension_count(int(size * turned))
    if family.uses_layer_norm:
        writer.add_layer_norm_eps(config.layer_norm_eps)
    else:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    _write_scaling(writer, config, rope)
    family.describe(config, writer)


def _context_length(family: Family, config: Config) -> int:
    """Return for how many tokens llama.cpp computes what the model does."""
    longest: int = config.max_position_embeddings
    window: int | None = getattr(config, "sliding_window", None) if family.ignores_window else None
    return min(longest, window) if window is not None else longest


def _write_scaling(writer: "GGUFWriter", config: Config, rope: dict[str, Any]) -> None:
    from gguf import RopeScalingType

    match rope.get("rope_type", "default"):
        case "default" | "llama3":
            pass
        case "linear":
            writer.add_rope_scaling_type(RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(rope["factor"])
        case "yarn":
            writer.add_rope_scaling_type(RopeScalingType.YARN)
            writer.add_rope_scaling_factor(rope["factor"])
            writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        case other:
            message = f"Rotary embeddings of the kind {other!r} ({config.model_type}) cannot be written as GGUF."
            raise BadOrderError(message)


def _frequencies(config: Config) -> Weights:
    """Return by what each frequency is divided where the base was made longer as Llama 3.1 was.

    Source: the configuration's own formula, `rope_type: llama3` of transformers.
    """
    rope, size = rope_of(config), head_size(config)
    factor, original = rope["factor"], rope["original_max_position_embeddings"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    frequencies = 1.0 / rope["rope_theta"] ** (np.arange(0, size, 2, dtype=np.float64) / size)
    waves = 2 * np.pi / frequencies
    smooth = np.clip((original / waves - low) / (high - low), 0.0, 1.0)
    divisors: NDArray[np.float64] = 1.0 / ((1.0 - smooth) / factor + smooth)
    return divisors.astype(np.float32)


def _tensors(family: Family, config: Config, weights: dict[str, Any], quantization: Quantization) -> Iterator[_Tensor]:
    from gguf import MODEL_ARCH_NAMES, get_tensor_name_map

    (architecture,) = [arch for arch, spelled in MODEL_ARCH_NAMES.items() if spelled == family.architecture]
    names = get_tensor_name_map(architecture, config.num_hidden_layers)
    if rope_of(config).get("rope_type") == "llama3":
        yield _Tensor("rope_freqs.weight", "", (head_size(config) // 2,), F32)
    has_output = "lm_head.weight" in weights
    for source, tensor in weights.items():
        name = names.get_name(source, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise BadOrderError(f"The tensor {source!r} of a {config.model_type!r} model has no place in a GGUF file.")
        shape = tuple(tensor.shape)
        kind = kind_of(name, shape, quantization, num_layers=config.num_hidden_layers, has_output=has_output)
        yield _Tensor(name, source, shape, kind)
