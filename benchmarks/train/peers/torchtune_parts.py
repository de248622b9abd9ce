"""What torchtune's recipes are told to build: the rows, the weights, and the log that tells each step."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file
from torch.utils.data import Dataset
from torchtune.models.convert_weights import hf_to_tune

from benchmarks.train.peers.measured import Steps

NAMES = {
    "self_attn.q_proj": "attn.q_proj",
    "self_attn.k_proj": "attn.k_proj",
    "self_attn.v_proj": "attn.v_proj",
    "self_attn.o_proj": "attn.output_proj",
    "mlp.gate_proj": "mlp.w1",
    "mlp.down_proj": "mlp.w2",
    "mlp.up_proj": "mlp.w3",
}


class Rows(Dataset):
    """The rows of all steps, tokenised already; `per_pack` of them lie in one pack, as PackedDataset lays them.

    PackedDataset fills packs to a fixed length, so that its steps would hold other rows than those of the others.
    """

    def __init__(self, _tokenizer: Any, *, rows: str, num_rows: int, per_pack: int, packed: bool) -> None:
        with Path(rows).open() as file:
            read = [json.loads(line) for line, _ in zip(file, range(num_rows), strict=False)]
        make = _pack if packed else _alone
        self._items = [make(read[start : start + per_pack]) for start in range(0, num_rows, per_pack)]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return dict(self._items[index])


def _alone(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
    return {"tokens": rows[0]["input_ids"], "labels": rows[0]["labels"]}


def _pack(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
    lengths = [len(row["input_ids"]) for row in rows]
    return {
        "tokens": torch.tensor([token for row in rows for token in row["input_ids"]]),
        "labels": torch.tensor([label for row in rows for label in row["labels"]]),
        "input_pos": torch.cat([torch.arange(length) for length in lengths]),
        "seq_lens": torch.tensor(lengths),
    }


class Weights:
    """A checkpointer that reads the base model and saves nothing."""

    def __init__(self, folder: str, **_: Any) -> None:
        self._folder = Path(folder)

    def load_checkpoint(self) -> dict[str, Any]:
        config = json.loads((self._folder / "config.json").read_text())
        heads = config["num_attention_heads"], config["num_key_value_heads"], config["hidden_size"]
        return {"model": hf_to_tune(load_file(self._folder / "model.safetensors"), *heads)}

    def save_checkpoint(self, *_: Any, **__: Any) -> None:
        """Nothing is saved by any contestant."""


class StepsLog:
    """A metric logger that leaves a line for each step."""

    def __init__(self, path: str) -> None:
        self._steps = Steps(Path(path))

    def log_config(self, _config: Any) -> None:
        self._steps.begin()

    def log_dict(self, values: dict[str, Any], step: int) -> None:
        self._steps.end()
        self._steps.write(step, loss=float(values["loss"]), grad_norm=float(values["grad_norm"]))

    def close(self) -> None:
        """Nothing is open."""


def tokenizer() -> SimpleNamespace:
    """All that a recipe asks of it: what to pad with."""
    return SimpleNamespace(pad_id=0)


def constant(optimizer: torch.optim.Optimizer, **_: Any) -> torch.optim.lr_scheduler.LambdaLR:
    """The learning rate as it is."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)


def start_adapter(folder: str) -> dict[str, torch.Tensor]:
    """Read PEFT's adapter under torchtune's names; the order of heads' halves touches only B, which is zero."""
    adapter = {}
    for name, weight in load_file(f"{folder}/adapter_model.safetensors").items():
        layer, rest = name.split("model.model.layers.")[1].split(".", 1)
        module, part = rest.rsplit(".lora_", 1)
        adapter[f"layers.{layer}.{NAMES[module]}.lora_{part[0].lower()}.weight"] = weight
    return adapter
