"""A model of a few thousand weights, a tokenizer of bytes, and splits of random examples."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire import shard as layout
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import TrainResult
from brewslm.core.wire.rundir import LOG_FILE, ORDER_FILE
from brewslm.worker.journal import Journal
from brewslm.worker.run import Run

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>")
TEMPLATE = (
    "{%- for m in messages -%}{{- '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
VOCAB_SIZE = 260


def write_base_model(folder: Path, *, dtype: str = "float32", **changes: Any) -> Path:
    """Write a random Llama with tokenizer and template."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    torch.manual_seed(7)
    settings = {
        "vocab_size": VOCAB_SIZE,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "tie_word_embeddings": True,
        "initializer_range": 0.3,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "pad_token_id": 3,
    }
    model = AutoModelForCausalLM.from_config(LlamaConfig(**(settings | changes)))
    torch.nn.Module.to(model, getattr(torch, dtype))
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: number for number, token in enumerate(SPECIAL)}
    for byte in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[byte] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=SPECIAL[0], eos_token=SPECIAL[2], pad_token=SPECIAL[3]
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(str(folder))


def write_split(folder: Path, num_examples: int, *, seed: int, longest: int = 24) -> Path:
    """Write random examples with some order in them, so that there is something to learn."""
    random = np.random.default_rng(seed)
    lengths = random.integers(4, longest + 1, size=num_examples)
    examples = []
    for length in lengths:
        start, stride = int(random.integers(4, 60)), int(random.integers(1, 4))
        examples.append([4 + (start + stride * place) % 90 for place in range(length)])
    masks = [[0, 0] + [1] * (len(example) - 2) for example in examples]
    return write_examples(folder, examples, masks)


def write_examples(folder: Path, examples: Sequence[Sequence[int]], masks: Sequence[Sequence[int]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    offsets = np.cumsum([0, *(len(example) for example in examples)])
    np.concatenate([np.asarray(example) for example in examples]).astype(layout.TOKENS_DTYPE).tofile(
        folder / layout.TOKENS_FILE
    )
    np.concatenate([np.asarray(mask) for mask in masks]).astype(layout.MASK_DTYPE).tofile(folder / layout.MASK_FILE)
    offsets.astype(layout.OFFSETS_DTYPE).tofile(folder / layout.OFFSETS_FILE)
    np.ones(len(examples), dtype=layout.BYTES_DTYPE).tofile(folder / layout.BYTES_FILE)
    return folder


@dataclass(frozen=True)
class Scene:
    """What a training needs, in one folder."""

    base: Path
    train: Path
    eval: Path
    root: Path

    def order(self, *, manifest_id: str = "manifest-1", base: Path | None = None, **recipe: Any) -> TrainOrder:
        settings: dict[str, Any] = {
            "base_model": "tiny",
            "data": {"batch_size": 4, "total_steps": 12},
            "lora": {"lora_rank": 2, "lora_alpha": 4},
            "optim": {"learning_rate": 0.02},
            "schedule": {"warmup_steps": 1},
            "monitor": {"log_every": 2, "eval_every": 4, "checkpoint_every": 3, "keep_checkpoints": 2},
        }
        if recipe.get("method") == "full":
            del settings["lora"]
        for name, value in recipe.items():
            settings[name] = {**settings[name], **value} if isinstance(settings.get(name), dict) else value
        return TrainOrder(
            base_model=str(base or self.base),
            train_folder=str(self.train),
            eval_folder=str(self.eval),
            recipe=Recipe.model_validate(settings),
            manifest_id=manifest_id,
        )

    def run_directory(self, name: str, order: TrainOrder | None = None) -> Path:
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        if order is not None:
            (folder / ORDER_FILE).write_text(order.model_dump_json())
        return folder

    def run(self, name: str, *, attempt: int = 1) -> Run:
        folder = self.run_directory(name)
        return Run(folder, attempt, Journal(folder / LOG_FILE, attempt=attempt))


def records(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    """The journal, as far as whole lines go."""
    path = folder / LOG_FILE
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    found = [json.loads(line) for line in lines]
    return [record for record in found if not kinds or record["kind"] in kinds]


def curve(folder: Path) -> list[tuple[int, Any, Any]]:
    """The losses, without what depends on the clock; where a step was logged twice, the later record counts."""
    by_step = {
        (record["kind"], record["step"]): (record["step"], record.get("loss"), record.get("eval_loss"))
        for record in records(folder, "log", "eval")
    }
    return [by_step[key] for key in sorted(by_step)]


def adapter_bytes(folder: Path, checkpoint: str) -> bytes:
    return (folder / checkpoint / "adapter" / "adapter_model.safetensors").read_bytes()


def facts(result: TrainResult) -> dict[str, Any]:
    """What two runs that did the same have in common: all but clock, memory and the attempt.

    At which steps the base is scored beside the adapter is by the clock, too.
    """
    by_the_clock = {"training_seconds", "step_seconds", "passes", "peak_memory_bytes", "num_attempts", "last_pair"}
    return result.model_dump(exclude={"checkpoint", *by_the_clock})
