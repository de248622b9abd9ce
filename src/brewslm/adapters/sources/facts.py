"""What a model's folder says about it, read from `config.json` and the headers of the weight files, without torch."""

import hashlib
import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brewslm.core.errors import BaseModelError
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.tokens.template_source import template_source, token_text

MAX_HEADER_BYTES = 100 << 20

_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"}
_LICENCE = re.compile(r"^licen[sc]e:\s*[\"']?([\w.+-]+)", re.MULTILINE)
_IN_BLOCK = re.compile(r"\.\d+\..*?(\w+)\.weight$")
_HEADS = ("lm_head.weight", "embed_out.weight")
_FIELDS: dict[str, tuple[str, ...]] = {
    "hidden_size": ("hidden_size", "n_embd", "d_model"),
    "num_layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "vocab_size": ("vocab_size",),
    "context_length": ("max_position_embeddings", "n_positions", "max_seq_len"),
}


@dataclass(frozen=True, slots=True)
class Weights:
    """What the headers of the weight files say."""

    num_parameters: int
    num_bytes: int
    dtype: str
    """The one that most parameters have."""
    has_head: bool
    """Whether there is an output head beside the embedding."""
    linear_modules: tuple[str, ...] = ()
    """Names of the matrices within numbered blocks."""


def read_facts(folder: Path, name: str) -> BaseModelFacts:
    """Read the facts of the model in `folder`.

    Raises:
        BaseModelError: a file is missing or damaged, or lacks a value.
    """
    config = _read_json(folder / "config.json", name)
    nested = config.get("text_config")
    values = {field: _number(config, nested, keys, name) for field, keys in _FIELDS.items()}
    weights = read_weights(folder, name)
    architectures = config.get("architectures")
    return BaseModelFacts(
        name=name,
        folder=folder,
        architecture=str(architectures[0]) if architectures else str(config.get("model_type", "unknown")),
        model_type=str(config.get("model_type", "unknown")),
        num_parameters=weights.num_parameters,
        weight_bytes=weights.num_bytes,
        dtype=weights.dtype,
        hidden_size=values["hidden_size"],
        num_layers=values["num_layers"],
        **_widths(config, values["hidden_size"]),
        vocab_size=values["vocab_size"],
        is_tied=not weights.has_head,
        caps_logits=bool(config.get("final_logit_softcapping")),
        context_length=values["context_length"],
        licence=_licence(folder),
        linear_modules=weights.linear_modules,
        **_token_facts(folder, name),
    )


def _token_facts(folder: Path, name: str) -> dict[str, Any]:
    """Return what a manifest keeps of tokenizer and template, so that it can be told whether they have changed."""
    path = folder / "tokenizer_config.json"
    config = _read_json(path, name) if path.exists() else {}
    tokenizer = folder / "tokenizer.json"
    source = template_source(folder, config)
    return {
        "tokenizer_hash": hashlib.sha256(tokenizer.read_bytes()).hexdigest() if tokenizer.exists() else None,
        "template_hash": None if source is None else hashlib.sha256(source.encode()).hexdigest(),
        "end_token": token_text(config.get("eos_token")),
    }


def _widths(config: dict[str, Any], hidden_size: int) -> dict[str, Any]:
    """Return the widths inside a block, as transformers derives those that the configuration leaves out."""
    nested = config.get("text_config")
    told = (nested if isinstance(nested, dict) else {}) | config

    def number(fallback: int, *keys: str) -> int:
        return next((told[key] for key in keys if type(told.get(key)) is int and told[key] > 0), fallback)

    num_heads = number(1, "num_attention_heads", "n_head")
    head_size = number(max(1, hidden_size // num_heads), "head_dim")
    return {
        "intermediate_size": number(4 * hidden_size, "intermediate_size", "n_inner", "ffn_dim"),
        "query_size": num_heads * head_size,
        "key_value_size": number(num_heads, "num_key_value_heads") * head_size,
    }


def read_weights(folder: Path, name: str) -> Weights:
    """Add up the headers of all weight files that the model loads.

    Raises:
        BaseModelError: a weight file is missing or damaged.
    """
    tensors = [tensor for path in _weight_files(folder, name) for tensor in _read_header(path, name)]
    if not tensors:
        raise BaseModelError(f"The weight files of {name!r} hold no tensor. Get the model again.")
    counts: Counter[str] = Counter()
    for tensor in tensors:
        counts[tensor.dtype] += tensor.num_elements
    most = counts.most_common(1)[0][0]
    num_bytes = sum(tensor.end - tensor.start for tensor in tensors)
    has_head = any(tensor.name.endswith(_HEADS) for tensor in tensors)
    linear = sorted({match[1] for tensor in tensors if tensor.rank == 2 and (match := _IN_BLOCK.search(tensor.name))})
    return Weights(counts.total(), num_bytes, _DTYPES.get(most, most.lower()), has_head, tuple(linear))


def _weight_files(folder: Path, name: str) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        single = folder / "model.safetensors"
        return [single] if single.exists() else sorted(folder.glob("*.safetensors"))
    weight_map = _read_json(index, name).get("weight_map")
    names = sorted({str(file) for file in weight_map.values()}) if isinstance(weight_map, dict) else []
    missing = [file for file in names if Path(file).name != file or not (folder / file).is_file()]
    if missing or not names:
        raise BaseModelError(
            f"The base model {name!r} lacks the weight file {missing[:1] or '?'}. Get the model again."
        )
    return [folder / file for file in names]


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    dtype: str
    rank: int
    num_elements: int
    start: int
    end: int


def _read_header(path: Path, name: str) -> list[_Tensor]:
    """The JSON header of a safetensors file: eight bytes of length, then the header (huggingface/safetensors)."""
    try:
        num_bytes = path.stat().st_size
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size)) if size <= min(MAX_HEADER_BYTES, num_bytes) else None
        tensors = [
            _Tensor(key, str(entry["dtype"]), len(entry["shape"]), math.prod(entry["shape"]), *entry["data_offsets"])
            for key, entry in (header or {}).items()
            if key != "__metadata__"
        ]
        needed = 8 + size + max((tensor.end for tensor in tensors), default=0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BaseModelError(f"{path.name!r} of {name!r} is no safetensors file: {error}. Get it again.") from error
    if header is None or num_bytes < needed:
        raise BaseModelError(f"{path.name!r} of {name!r} is cut off. Get the model again.")
    return tensors


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaseModelError(f"{path.name!r} of {name!r} cannot be read: {error}. Get the model again.") from error
    if not isinstance(found, dict):
        raise BaseModelError(f"{path.name!r} of {name!r} is not a JSON object. Get the model again.")
    return found


def _number(config: dict[str, Any], nested: Any, keys: tuple[str, ...], name: str) -> int:  # noqa: ANN401 - JSON
    for level in (config, nested if isinstance(nested, dict) else {}):
        for key in keys:
            if type(level.get(key)) is int:
                return int(level[key])
    raise BaseModelError(f"config.json of {name!r} says nothing about {keys[0]!r}. Choose another base model.")


def _licence(folder: Path) -> str | None:
    card = folder / "README.md"
    if not card.is_file():
        return None
    head = card.read_text(encoding="utf-8", errors="replace")[:4000]
    found = _LICENCE.search(head)
    return found.group(1) if found else None
