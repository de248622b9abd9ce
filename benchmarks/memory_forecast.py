"""The forecast of a training's memory against what the worker took: shapes, modes, methods, batches and lengths.

    python -m benchmarks.memory_forecast                    all combinations, some 15 minutes of one core
    python -m benchmarks.memory_forecast --only full        those whose name has this in it
    python -m benchmarks.memory_forecast --keep FOLDER      keeps what was measured there, and does not measure it again

Each run is the worker's own command in the environment that the engine gives it, some steps with an evaluation and
checkpoints; the peak is the kernel's, as the run's result states it. The terms of the forecast were settled while
looking at the first group only; those that are held out have shapes, lengths, modes and methods in other combinations.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.train.material import SHAPES
from brewslm.adapters.engines.local import worker_environment
from brewslm.adapters.sources.facts import read_facts
from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.manifest import LENGTH_BINS, Manifest, Split, SplitShares
from brewslm.core.ids import ArtifactId
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.rundir import ORDER_FILE, RESULT_FILE
from brewslm.core.wire.shard import LABELS_DTYPE, LABELS_FILE, REJECTED_FOLDER, TOKENS_FILE
from brewslm.stages.preflight.memory import peak_memory
from tests.worker.tiny import write_examples, write_tokenizer

SEED = 17
NUM_THREADS = 1
NUM_EVAL = 12
NUM_TRAIN = 200
BAND = 0.10
WORST_BELOW = 0.15
"""The stated bound: a run takes at most so much more than was expected of it."""
_GEMMA = {"head_dim": 64, "query_pre_attn_scalar": 64, "final_logit_softcapping": 30.0}
_MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama-3m": ("LlamaConfig", {"vocab_size": 4096, "hidden_size": 256, "intermediate_size": 688, "layers": 3}),
    "llama-30m": ("LlamaConfig", SHAPES["30m"]),
    "llama-135m": ("LlamaConfig", SHAPES["135m"]),
    "qwen-23m": ("Qwen3Config", {"vocab_size": 65536, "hidden_size": 256, "intermediate_size": 768, "layers": 8}),
    "qwen-35m": ("Qwen2Config", {"vocab_size": 151936, "hidden_size": 192, "intermediate_size": 640, "layers": 12}),
    "gemma-22m": (
        "Gemma3TextConfig",
        {"vocab_size": 65536, "hidden_size": 256, "intermediate_size": 1024, "layers": 6, **_GEMMA},
    ),
    "phi-25m": ("Phi3Config", {"vocab_size": 16384, "hidden_size": 384, "intermediate_size": 1024, "layers": 8}),
}


@dataclass(frozen=True)
class Case:
    """One training."""

    model: str
    recipe: dict[str, Any] = field(default_factory=dict)
    batch: int = 8
    micro: int = 8192
    median: int = 150
    """Tokens of an example; lengths are log-normal."""
    longest: int = 512
    steps: int = 5
    is_held_out: bool = False

    @property
    def name(self) -> str:
        settings = {"mode": "sft", "method": "lora", "precision": "float32"} | self.recipe
        short = {"continued_pretraining": "cpt", "float32": "f32", "bfloat16": "bf16"}
        words = [short.get(settings[key], settings[key]) for key in ("mode", "method", "precision")]
        words += [f"{self.steps} steps"] * (self.steps != 5)
        words += ["general"] * (settings.get("step_path") == "general")
        words += ["checkpointing"] * bool(settings.get("activation_checkpointing"))
        words += [f"rank {self.recipe['lora']['lora_rank']}"] if "lora" in self.recipe else []
        return " ".join([self.model, *words, f"{self.batch}x{self.median}", f"micro {self.micro}"])


_GENERAL: dict[str, Any] = {"step_path": "general"}
_FULL: dict[str, Any] = {"method": "full"}
_BF16: dict[str, Any] = {"precision": "bfloat16"}
_SPARING: dict[str, Any] = {"activation_checkpointing": True}
CASES = (
    Case("llama-30m"),
    Case("llama-30m", steps=20),
    Case("llama-30m", batch=32, median=200, longest=1024, steps=3),
    Case("llama-30m", batch=32, median=200, longest=1024, micro=1024, steps=3),
    Case("llama-30m", _GENERAL, batch=16),
    Case("llama-30m", _GENERAL, batch=4, median=900, longest=1024, micro=2048),
    Case("llama-30m", _GENERAL | _SPARING, batch=16, median=400, longest=1024, steps=3),
    Case("llama-3m", {"mode": "continued_pretraining"} | _FULL, batch=32, median=400, steps=3),
    Case("llama-3m", _GENERAL, steps=60),
    Case("llama-3m", steps=60),
    Case("llama-3m", {"mode": "dpo"}, batch=4),
    Case("qwen-23m", _FULL, batch=4, steps=3),
    Case("gemma-22m", steps=3),
    Case("llama-30m", _FULL, steps=3),
    Case("llama-30m", _FULL | _GENERAL, batch=4, micro=1024, steps=3),
    Case("llama-3m", {"method": "dora"}, batch=16),
    Case("llama-3m", _BF16, steps=3),
    Case("llama-135m", batch=2, steps=2),
    Case("llama-3m", {"lora": {"lora_rank": 64, "lora_alpha": 64}}, batch=64, median=100, is_held_out=True),
    Case("llama-3m", {"mode": "kto"}, batch=16, is_held_out=True),
    Case("phi-25m", {"mode": "orpo"} | _SPARING, batch=4, steps=3, is_held_out=True),
    Case("qwen-35m", _GENERAL, median=100, steps=3, is_held_out=True),
    Case("gemma-22m", _FULL | _SPARING, batch=4, steps=3, is_held_out=True),
    Case("qwen-35m", {"mode": "dpo"} | _BF16, batch=2, median=40, longest=128, steps=2, is_held_out=True),
    Case("llama-135m", _FULL, batch=2, median=100, steps=2, is_held_out=True),
)


def write_model(folder: Path, name: str) -> Path:
    """Write random weights of this shape."""
    import torch
    import transformers

    torch.manual_seed(SEED)
    kind, shape = _MODELS[name]
    shape = dict(shape)
    defaults = {
        "num_hidden_layers": shape.pop("layers", None) or shape["num_hidden_layers"],
        "num_attention_heads": shape["hidden_size"] // 64,
        "num_key_value_heads": max(1, shape["hidden_size"] // 128),
        "head_dim": 64,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "pad_token_id": 3,
    }
    config = getattr(transformers, kind)(**(defaults | shape))
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def write_data(folder: Path, case: Case, num_examples: int, *, vocab_size: int, seed: int) -> list[int]:
    """Write a split with all that any mode asks for; a third of each example is the prompt."""
    random = np.random.default_rng(seed)
    lengths = np.clip(random.lognormal(np.log(case.median), 0.6, num_examples), 12, case.longest).astype(int)
    share = 0 if case.recipe.get("mode") == "continued_pretraining" else 1 / 3
    masks = [[0] * max(1, int(length * share)) for length in lengths]
    masks = [mask + [1] * (length - len(mask)) for mask, length in zip(masks, lengths, strict=True)]
    for place in (folder, folder / REJECTED_FOLDER):
        write_examples(place, [random.integers(4, vocab_size, length).tolist() for length in lengths], masks)
    (np.arange(num_examples) % 2).astype(LABELS_DTYPE).tofile(folder / LABELS_FILE)
    return [int(length) for length in lengths]


def manifest_of(case: Case, lengths: list[int], folder: Path) -> Manifest:
    """What a preparation would say of this train split."""
    counts, _ = np.histogram(lengths, bins=LENGTH_BINS, range=(0, case.longest))
    num_trained = sum(lengths) if case.recipe.get("mode") == "continued_pretraining" else sum(lengths) * 2 // 3
    train = Split(
        name="train",
        num_examples=len(lengths),
        num_tokens=sum(lengths),
        num_trained_tokens=num_trained,
        num_bytes=4 * num_trained,
        length_quantiles={"max": float(max(lengths))},
        length_counts=tuple(counts.tolist()),
        folder="train",
    )
    rejected = FileRef(path=f"train/{REJECTED_FOLDER}/{TOKENS_FILE}", size_bytes=4 * sum(lengths), sha256="0")
    return Manifest(
        dataset_id=ArtifactId("dataset-0"),
        shape="chat",
        labels=(),
        base_model=str(folder),
        tokenizer_hash="0",
        template_hash="0",
        seed=SEED,
        shares=SplitShares(),
        is_stratified=False,
        max_seq_len=case.longest,
        truncation="drop",
        num_dropped=0,
        num_moved_for_leaks=0,
        splits=(train,),
        files=(rejected,),
    )


def recipe_of(case: Case) -> Recipe:
    settings: dict[str, Any] = {
        "base_model": case.model,
        "seed": SEED,
        "data": {
            "max_seq_len": case.longest,
            "batch_size": case.batch,
            "micro_batch_tokens": case.micro,
            "total_steps": case.steps,
        },
        "schedule": {"warmup_steps": 0},
        "monitor": {"log_every": 1, "eval_every": 2, "checkpoint_every": 2},
    }
    return Recipe.model_validate(settings | case.recipe)


@dataclass(frozen=True)
class Row:
    """What was forecast, and what was measured, in bytes."""

    case: Case
    peak: float
    low: float
    expected: float
    high: float

    @property
    def error(self) -> float:
        """Of the forecast, as a share of what was measured; below zero where it promised too little."""
        return self.expected / self.peak - 1


def look(case: Case, work: Path) -> Row:
    """Measure, unless `work` has it, and forecast."""
    base = work / "models" / case.model
    if not base.exists():
        write_model(base, case.model)
    facts = read_facts(base, case.model)
    kept = work / "peaks.json"
    peaks = json.loads(kept.read_text()) if kept.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lengths = write_data(folder / "train", case, NUM_TRAIN, vocab_size=facts.vocab_size, seed=SEED)
        if case.name not in peaks:
            write_data(folder / "eval", case, NUM_EVAL, vocab_size=facts.vocab_size, seed=SEED + 1)
            peaks[case.name] = measured_peak(case, base, folder)
            kept.write_text(json.dumps(peaks, indent=1))
    said = peak_memory(recipe_of(case), manifest_of(case, lengths, base), facts)
    return Row(case, peaks[case.name], said.low or 0.0, said.expected or 0.0, said.high or 0.0)


def measured_peak(case: Case, base: Path, folder: Path) -> float:
    """Train as the product does, and return the worker's peak of resident memory."""
    order = TrainOrder(
        base_model=str(base),
        train_folder=str(folder / "train"),
        eval_folder=str(folder / "eval"),
        recipe=recipe_of(case),
        manifest_id="benchmark",
    )
    run = folder / "run"
    run.mkdir()
    (run / ORDER_FILE).write_text(order.model_dump_json())
    command = [sys.executable, "-P", "-m", "brewslm.worker", str(run)]
    environment = worker_environment(os.environ, NUM_THREADS)
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True)
    return float(json.loads((run / RESULT_FILE).read_text())["peak_memory_bytes"])


def show(rows: list[Row]) -> None:
    """Print the table, and what it comes to in both groups."""
    print(f"{'MB':72} measured   low  expected  high   error")
    for row in sorted(rows, key=lambda row: row.case.is_held_out):
        sizes = [size / 1e6 for size in (row.peak, row.low, row.expected, row.high)]
        mark = "held out: " if row.case.is_held_out else ""
        told = f"{sizes[0]:8.0f} {sizes[1]:5.0f} {sizes[2]:9.0f} {sizes[3]:5.0f} {row.error:+7.1%}"
        print(f"{mark + row.case.name:72} {told}")
    for title, group in (("all", rows), ("held out", [row for row in rows if row.case.is_held_out])):
        if group:
            near = sum(abs(row.error) <= BAND for row in group)
            within = sum(row.low <= row.peak <= row.high for row in group)
            errors = [row.error for row in group]
            print(
                f"{title}: {near} of {len(group)} within {BAND:.0%}, {within} between low and high, "
                f"lowest {min(errors):+.1%}, highest {max(errors):+.1%}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="of the names")
    parser.add_argument("--keep", type=Path, help="a folder for models and peaks")
    chosen = parser.parse_args()
    cases = [case for case in CASES if chosen.only in case.name]
    with tempfile.TemporaryDirectory() as scratch:
        work = chosen.keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        show([look(case, work) for case in cases])


@pytest.mark.bench
def test_the_forecast_of_memory_holds(tmp_path: Path) -> None:
    rows = [look(case, tmp_path) for case in CASES]
    show(rows)
    assert sum(abs(row.error) <= BAND for row in rows) > len(rows) / 2
    assert all(row.peak <= row.high for row in rows)
    assert min(row.error for row in rows) >= -WORST_BELOW


if __name__ == "__main__":
    main()
