"""A tokenizer of transformers as the vocabulary of a GGUF file: pieces, merges, kinds, special and stop tokens."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brewslm.worker.failure import BadOrderError

if TYPE_CHECKING:
    from gguf import GGUFWriter
    from transformers import GenerationConfig, PreTrainedTokenizerBase

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_TAIL_WITH_SLASH = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LOWER = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
_UPPER = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
_SPLITS = {
    _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + _TAIL: "llama-bpe",
    _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + _TAIL: "qwen2",
    f"{_LOWER}{_CONTRACTIONS}?|{_UPPER}{_CONTRACTIONS}?" + r"|\p{N}{1,3}|" + _TAIL_WITH_SLASH: "gpt-4o",
    f"{_LOWER}|{_UPPER}" + r"|\p{N}|" + _TAIL_WITH_SLASH: "tekken",
}
"""Regular expressions that split text before merging, to what llama.cpp calls them."""

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class _Pieces:
    texts: list[str]
    kinds: list[int]


def write_vocabulary(
    writer: "GGUFWriter",
    tokenizer: "PreTrainedTokenizerBase",
    generation: "GenerationConfig | None",
    *,
    num_tokens: int,
) -> None:
    """Write all that llama.cpp needs to make the same tokens of the same text, and to stop where the model does.

    The file asks for no begin-of-sequence token: the chat template spells it where the model was trained with one.

    Raises:
        BadOrderError: the tokenizer is of a kind that llama.cpp does not have.
    """
    inner: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    model = inner["model"]
    if model.get("type") != "BPE":
        raise BadOrderError(f"A tokenizer of the kind {model.get('type')!r} cannot be written as GGUF; BPE can.")
    pieces = _pieces(tokenizer, model, num_tokens)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    if model.get("byte_fallback"):
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_scores(_scores(pieces, merges))
        writer.add_add_space_prefix("Prepend" in json.dumps(inner.get("normalizer")))
    else:
        if not merges:
            raise BadOrderError("A tokenizer without merges cannot be written as GGUF: llama.cpp refuses such a file.")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(_split_of(inner.get("pre_tokenizer")))
        writer.add_token_merges(merges)
    writer.add_token_list(pieces.texts)
    writer.add_token_types(pieces.kinds)
    _write_special(writer, tokenizer, generation)
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(tokenizer.chat_template)


def _pieces(tokenizer: "PreTrainedTokenizerBase", model: dict[str, Any], num_tokens: int) -> _Pieces:
    """Return the text and kind of each token; places of the embedding that no token has are called unused."""
    texts = [f"[PAD{number}]" for number in range(num_tokens)]
    kinds = [_UNUSED] * num_tokens
    for text, number in tokenizer.get_vocab().items():
        texts[number] = text
        is_byte = bool(model.get("byte_fallback")) and len(text) == 6 and text.startswith("<0x")
        kinds[number] = _BYTE if is_byte else _NORMAL
    for number, token in tokenizer.added_tokens_decoder.items():
        texts[number], kinds[number] = token.content, _CONTROL if token.special else _USER_DEFINED
    unknown = model.get("unk_token")
    if unknown is not None and unknown in texts:
        kinds[texts.index(unknown)] = _UNKNOWN
    return _Pieces(texts, kinds)


def _scores(pieces: _Pieces, merges: list[str]) -> list[float]:
    """Return scores by which a SentencePiece tokenizer merges in the order of the merges."""
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(merges, start=1):
        ranks.setdefault(merge.replace(" ", ""), rank)
    return [-float(ranks.get(text, 0)) for text in pieces.texts]


def _split_of(pre_tokenizer: dict[str, Any] | None) -> str:
    """Return llama.cpp's name of how text is split before merging."""
    parts = (pre_tokenizer or {}).get("pretokenizers") or [pre_tokenizer or {}]
    kinds = [part.get("type") for part in parts]
    if kinds == ["ByteLevel"]:
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0].get("individual_digits"):
        return "smollm"
    patterns = [part["pattern"].get("Regex", "") for part in parts if part.get("type") == "Split"]
    if len(patterns) == 1 and patterns[0] in _SPLITS:
        return _SPLITS[patterns[0]]
    raise BadOrderError(f"How this tokenizer splits text ({kinds}, {patterns}) has no counterpart in llama.cpp.")


def _write_special(
    writer: "GGUFWriter", tokenizer: "PreTrainedTokenizerBase", generation: "GenerationConfig | None"
) -> None:
    named = generation.eos_token_id if generation is not None else None
    ends = list(named) if isinstance(named, list) else [named] if named is not None else []
    if tokenizer.eos_token_id is not None:
        ends = [tokenizer.eos_token_id, *(end for end in ends if end != tokenizer.eos_token_id)]
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(tokenizer.bos_token_id)
    places = (writer.add_eos_token_id, writer.add_eot_token_id, writer.add_eom_token_id)
    for end, write in zip(ends, places, strict=False):
        write(end)
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(tokenizer.pad_token_id)
    if tokenizer.unk_token_id is not None:
        writer.add_unk_token_id(tokenizer.unk_token_id)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
