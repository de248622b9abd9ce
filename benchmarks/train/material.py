"""What every contestant is given: base models of published shapes, chat rows, and the adapter that all start from.

Everything is made here from seeds; nothing is downloaded. The rows are token ids drawn with the frequencies of words
(Zipf), their lengths are log-normal, and about six tenths of the tokens are answers, as in chat data.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brewslm.core.recipe.data import DataSettings
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from tests.worker.tiny import SPECIAL, TEMPLATE, write_examples

SEED = 11
ROWS_PER_STEP = 32
NUM_STEPS = 16
"""Of which there are rows for; no run is longer."""
NUM_EVAL_ROWS = 8
LONGEST = 1024
LEARNING_RATE = 5e-4
METHODS = ("lora", "full")

SHAPES: dict[str, dict[str, Any]] = {
    "30m": {
        "vocab_size": 16384,
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
    },
    # As SmolLM2-135M publishes its config.
    "135m": {
        "vocab_size": 49152,
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "rope_parameters": {"rope_type": "default", "rope_theta": 100000.0},
    },
}


@dataclass(frozen=True, slots=True)
class Material:
    """The folder of one shape."""

    shape: str
    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def adapter(self) -> Path:
        """Rank 16 on all linear layers, as the worker's seed makes it."""
        return self.folder / "adapter"

    @property
    def rows(self) -> Path:
        """JSON Lines of `input_ids` and `labels`, in the order in which the worker takes them."""
        return self.folder / "rows.jsonl"

    @property
    def train(self) -> Path:
        return self.folder / "train"

    @property
    def eval(self) -> Path:
        return self.folder / "eval"

    def order(self, *, total_steps: int, batch_size: int, **recipe: Any) -> TrainOrder:
        """The worker's order for these rows; further arguments are fields of the recipe."""
        settings = {
            "base_model": self.shape,
            "seed": SEED,
            "data": {
                "max_seq_len": LONGEST,
                "batch_size": batch_size,
                "gradient_accumulation_steps": ROWS_PER_STEP // batch_size,
                "total_steps": total_steps,
            },
            "optim": {"learning_rate": LEARNING_RATE},
            "schedule": {"lr_schedule": "constant", "warmup_steps": 0},
            "monitor": {"log_every": 1, "eval_every": 1000, "checkpoint_every": 1000},
        }
        return TrainOrder(
            base_model=str(self.model),
            train_folder=str(self.train),
            eval_folder=str(self.eval),
            recipe=Recipe.model_validate(settings | recipe),
            manifest_id=f"benchmark-{SEED}",
        )


def prepare(work: Path, shape: str) -> Material:
    """Make the material of a shape, once."""
    material = Material(shape, work / "material" / shape)
    if material.rows.exists():
        return material
    material.folder.mkdir(parents=True, exist_ok=True)
    write_base(material.model, SHAPES[shape])
    vocab_size = SHAPES[shape]["vocab_size"]
    rows = chat_rows(NUM_STEPS * ROWS_PER_STEP, vocab_size=vocab_size, seed=SEED)
    write_shard(material.train, rows)
    write_shard(material.eval, chat_rows(NUM_EVAL_ROWS, vocab_size=vocab_size, seed=SEED + 1))
    write_adapter(material)
    with material.rows.with_suffix(".part").open("w") as file:
        file.writelines(
            json.dumps(rows[index]) + "\n" for index in training_order([len(row["labels"]) for row in rows])
        )
    material.rows.with_suffix(".part").rename(material.rows)
    return material


def training_order(lengths: list[int]) -> list[int]:
    """Return the rows in the order in which the worker takes them, step after step."""
    from brewslm.worker.processes import Processes
    from brewslm.worker.train.batches import Curriculum

    settings = DataSettings(batch_size=ROWS_PER_STEP, total_steps=NUM_STEPS, micro_batch_tokens=LONGEST * ROWS_PER_STEP)
    curriculum = Curriculum(np.array(lengths), settings, seed=SEED)
    steps = [curriculum.micro_batches(step, Processes()) for step in range(1, NUM_STEPS + 1)]
    return [int(index) for (rows,) in steps for index in rows]


def chat_rows(count: int, *, vocab_size: int, seed: int) -> list[dict[str, list[int]]]:
    """Prompts and answers; a label is -100 where nothing is learnt."""
    random = np.random.default_rng(seed)
    frequencies = 1.0 / np.arange(1, vocab_size - len(SPECIAL) + 1)
    words = random.permutation(np.arange(len(SPECIAL), vocab_size))
    rows = []
    for _ in range(count):
        num_asked = int(np.clip(random.lognormal(np.log(60), 0.8), 8, 500))
        num_answered = int(np.clip(random.lognormal(np.log(90), 0.85), 6, LONGEST - num_asked))
        drawn = random.choice(words, size=num_asked + num_answered, p=frequencies / frequencies.sum())
        ids = [int(token) for token in drawn]
        ids[-1] = SPECIAL.index("<|im_end|>")
        rows.append({"input_ids": ids, "labels": [-100] * num_asked + ids[num_asked:]})
    return rows


def write_base(folder: Path, shape: dict[str, Any]) -> None:
    """Random weights from the seed, and a tokenizer of as many words as the shape asks for."""
    import torch
    from tokenizers import AddedToken, Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(SEED)
    config = LlamaConfig(
        **shape,
        max_position_embeddings=8192,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=SPECIAL.index("<|im_end|>"),
        pad_token_id=SPECIAL.index("<|pad|>"),
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    words = {token: number for number, token in enumerate(SPECIAL)}
    words |= {f"word{number}": number for number in range(len(SPECIAL), shape["vocab_size"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=SPECIAL[0]))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=SPECIAL[0], eos_token=SPECIAL[2], pad_token=SPECIAL[3]
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(str(folder))


def write_shard(folder: Path, rows: list[dict[str, list[int]]]) -> None:
    masks = [[int(label >= 0) for label in row["labels"]] for row in rows]
    write_examples(folder, [row["input_ids"] for row in rows], masks)


def write_adapter(material: Material) -> None:
    from brewslm.worker.train.trainee import new_trainee

    trainee = new_trainee(material.order(total_steps=1, batch_size=ROWS_PER_STEP))
    trainee.model.save_pretrained(str(material.adapter))


def tokens_per_step(material: Material) -> list[int]:
    """Useful tokens of each optimiser step: those of its rows, without padding."""
    with material.rows.open() as file:
        lengths = [len(json.loads(line)["input_ids"]) for line in file]
    return [sum(lengths[start : start + ROWS_PER_STEP]) for start in range(0, len(lengths), ROWS_PER_STEP)]
