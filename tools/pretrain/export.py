"""Write a trained model as a folder that transformers loads: config, bf16 weights, generation settings."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import GenerationConfig, LlamaConfig

from pretrain.documents import END_OF_TEXT, END_OF_TURN, PADDING, SPECIAL_TOKENS
from pretrain.llama import ModelShape

_ID_OF = {token: number for number, token in enumerate(SPECIAL_TOKENS)}
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


def llama_config(shape: ModelShape) -> LlamaConfig:
    """Describe the model for transformers."""
    return LlamaConfig(
        vocab_size=shape.vocabulary_size,
        hidden_size=shape.hidden_size,
        intermediate_size=shape.intermediate_size,
        num_hidden_layers=shape.num_layers,
        num_attention_heads=shape.num_heads,
        num_key_value_heads=shape.num_key_value_heads,
        max_position_embeddings=shape.max_positions,
        rms_norm_eps=shape.norm_epsilon,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        tie_word_embeddings=True,
        bos_token_id=_ID_OF[END_OF_TEXT],
        eos_token_id=_ID_OF[END_OF_TURN],
        pad_token_id=_ID_OF[PADDING],
        architectures=["LlamaForCausalLM"],
        dtype="bfloat16",
    )


def export_model(weights: Mapping[str, Tensor], shape: ModelShape, *, tokenizer_folder: Path, target: Path) -> None:
    """Write the model folder beside the target and put it in its place; files the target alone has are kept.

    Args:
        weights: the state of a `Llama`, of any float dtype.
        shape: the sizes of the model.
        tokenizer_folder: the folder with the saved tokenizer.
        target: the model folder to replace.
    """
    temporary = target.with_name(f".{target.name}.new")
    retired = target.with_name(f".{target.name}.old")
    for leftover in (temporary, retired):
        shutil.rmtree(leftover, ignore_errors=True)
    if target.exists():
        shutil.copytree(target, temporary)
    temporary.mkdir(parents=True, exist_ok=True)
    for name in _TOKENIZER_FILES:
        if (tokenizer_folder / name).exists():
            shutil.copyfile(tokenizer_folder / name, temporary / name)
    llama_config(shape).save_pretrained(temporary)
    GenerationConfig(
        bos_token_id=_ID_OF[END_OF_TEXT],
        eos_token_id=[_ID_OF[END_OF_TURN], _ID_OF[END_OF_TEXT]],
        pad_token_id=_ID_OF[PADDING],
        do_sample=False,
        max_new_tokens=256,
    ).save_pretrained(temporary)
    tensors = {
        f"model.{name}": tensor.detach().to(torch.bfloat16).contiguous().cpu() for name, tensor in weights.items()
    }
    save_file(tensors, temporary / "model.safetensors", metadata={"format": "pt"})
    (temporary / "model.safetensors").chmod(0o644)
    _exchange(temporary, target, retired)


def _exchange(temporary: Path, target: Path, retired: Path) -> None:
    """Put the finished folder in the target's place by renaming."""
    for path in temporary.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if target.exists():
        target.rename(retired)
    temporary.rename(target)
    shutil.rmtree(retired, ignore_errors=True)


def read_record(path: Path) -> dict[str, object]:
    """Read a JSON record that an earlier step left."""
    record: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return record
