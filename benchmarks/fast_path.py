"""The paths to the same gradients, side by side: speed, beside the matmul ceiling (`step_profile` says where it goes).

Run `OMP_NUM_THREADS=1 THP_MEM_ALLOC_ENABLE=1 python -m benchmarks.fast_path [--shape 30m] [--method lora] [--rounds 3]
[--tokens 1024]`. Rates of a step's gradients, and of scoring without any, are useful tokens per second of the wall and
of the processor, the paths in turn; on a busy machine only the second means something, and only with one thread.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig

from benchmarks.train.ceiling import probe
from benchmarks.train.material import METHODS, SHAPES, chat_rows
from brewslm.worker.attention import PACKED_ATTENTION
from brewslm.worker.lora import fuse_adapters
from brewslm.worker.operations.eager import EAGER
from brewslm.worker.operations.native import native_operations
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.shard import Shard, open_shard
from brewslm.worker.train.fast.choice import kernel_folder
from brewslm.worker.train.fast.path import FastPath
from brewslm.worker.train.general.path import GeneralPath
from brewslm.worker.train.paths import GradientPath
from tests.worker.tiny import write_examples

SEED = 3


def new_model(shape: str, method: str) -> Any:
    """A random model of this shape, with an adapter of rank 16 on all linear layers or trained as a whole."""
    torch.manual_seed(SEED)
    config = LlamaConfig(**SHAPES[shape], tie_word_embeddings=True, pad_token_id=0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    model.set_attn_implementation(PACKED_ATTENTION)
    if method == "full":
        return model
    model.requires_grad_(requires_grad=False)
    tuned = get_peft_model(
        model, LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")
    ).eval()
    fuse_adapters(tuned)
    return tuned


def new_batch(shape: str, num_tokens: int, folder: Path) -> PackedBatch:
    """Chat rows of log-normal lengths, as many as fit."""
    rows = chat_rows(64, vocab_size=SHAPES[shape]["vocab_size"], seed=SEED)
    ids = [row["input_ids"] for row in rows]
    masks = [[int(label != -100) for label in row["labels"]] for row in rows]
    shard: Shard = open_shard(write_examples(folder, ids, masks), vocab_size=SHAPES[shape]["vocab_size"])
    fitting = int((shard.lengths.cumsum() <= num_tokens).sum())
    return pack(shard, range(max(1, fitting)), device=torch.device("cpu"))


def step(path: GradientPath, model: Any, batch: PackedBatch) -> tuple[float, float]:
    """Seconds of the wall and of the processor for one optimiser step's gradients."""
    model.zero_grad()
    wall, cpu = time.perf_counter(), time.process_time()
    path.add_gradients(batch, scale=1 / batch.num_labels)
    path.weights_changed()
    return time.perf_counter() - wall, time.process_time() - cpu


def score(path: GradientPath, model: Any, batch: PackedBatch) -> tuple[float, float]:
    """The same seconds of scoring the batch without gradients."""
    del model
    wall, cpu = time.perf_counter(), time.process_time()
    path.token_losses(batch)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="30m")
    parser.add_argument("--method", choices=METHODS, default="lora")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=1024)
    chosen = parser.parse_args()
    model, plain = new_model(chosen.shape, chosen.method), new_model(chosen.shape, chosen.method)
    native = native_operations(kernel_folder())
    paths: dict[str, tuple[GradientPath, Any]] = {
        "general": (GeneralPath(plain), plain),
        "general native": (GeneralPath(model, native), model),
        "eager": (FastPath(model, EAGER, dtype=torch.float32), model),
        "native": (FastPath(model, native, dtype=torch.float32), model),
    }
    with tempfile.TemporaryDirectory() as folder:
        batch = new_batch(chosen.shape, chosen.tokens, Path(folder))
        work = {"step": step, "scoring": score}
        seconds: dict[str, list[tuple[float, float]]] = {f"{name} {what}": [] for what in work for name in paths}
        for _ in range(chosen.rounds + 1):
            for what, take in work.items():
                for name, (path, its_model) in paths.items():
                    seconds[f"{name} {what}"].append(take(path, its_model, batch))
        print(f"{chosen.shape} {chosen.method}: {batch.num_tokens} tokens, {batch.num_labels} labels")
        for name, taken in seconds.items():
            rates = [[batch.num_tokens / pair[place] for pair in taken[1:]] for place in (0, 1)]
            print(
                f"{name:22} tokens/s {max(rates[0]):6.0f} best {median(rates[0]):6.0f} median, per processor second "
                f"{max(rates[1]):6.0f} best {median(rates[1]):6.0f} median"
            )
    print(f"matmul ceiling, GFLOP/s: {probe(chosen.shape, torch.get_num_threads())}")


if __name__ == "__main__":
    main()
