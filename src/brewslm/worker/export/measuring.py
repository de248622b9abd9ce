"""Measures a tuned model in several number formats, each as a GGUF file in llama.cpp on this machine."""

import time
from pathlib import Path

import torch

from brewslm.core.wire.export import Quantization
from brewslm.core.wire.order import MeasureOrder
from brewslm.core.wire.progress import StartedRecord
from brewslm.core.wire.result import Measurement, MeasureResult
from brewslm.worker.export.forms import LlamaForm
from brewslm.worker.export.merging import merged_model
from brewslm.worker.llama.library import load_library
from brewslm.worker.llama.running import LlamaModel, opened
from brewslm.worker.llama.writing import write_gguf
from brewslm.worker.models import load_tokenizer, vocab_size_of
from brewslm.worker.run import Run
from brewslm.worker.shard import Shard, open_shard

LONGEST_PROMPT = 256
NUM_TRIES = 3
"""The fastest counts: what disturbs a measurement only ever makes it slower."""


def measure(order: MeasureOrder, run: Run) -> MeasureResult:
    """Measure size, loss and speed in each number format; the files are not kept.

    Raises:
        BadOrderError: the model cannot be loaded, or not written as GGUF, or llama.cpp is not installed.
        BadDataError: the split is damaged.
    """
    library = load_library()
    run.journal.append(StartedRecord(**run.journal.stamp(), device="cpu"))
    model, _ = merged_model(order.base_model, Path(order.tuned_folder), order.tuned_form)
    tokenizer = load_tokenizer(order.base_model)
    shard = open_shard(Path(order.eval_folder), vocab_size=vocab_size_of(model))
    path = run.folder / "measured.gguf"
    measurements = []
    try:
        for number, quantization in enumerate(order.quantizations, start=1):
            write_gguf(model, tokenizer, path, quantization=quantization, name="measured")
            measurements.append(_measured(path, quantization, shard, num_new_tokens=order.num_new_tokens))
            run.progress(number / len(order.quantizations), f"measured in {quantization}")
    finally:
        path.unlink(missing_ok=True)
    return MeasureResult(measurements=tuple(measurements), runtime=library.name, device="cpu")


def _measured(path: Path, quantization: Quantization, shard: Shard, *, num_new_tokens: int) -> Measurement:
    prompt = [int(token) for token in shard.tokens[:LONGEST_PROMPT]]
    num_places = max(int(shard.lengths.max()), len(prompt) + num_new_tokens)
    with opened(path, num_places=num_places, num_threads=torch.get_num_threads()) as model:
        losses = LlamaForm(model, frozenset()).losses(shard)
        reading = min(_seconds(model, prompt, 1) for _ in range(NUM_TRIES))
        answering = min(_seconds(model, prompt[:8], num_new_tokens) for _ in range(NUM_TRIES))
        return Measurement(
            quantization=quantization,
            file_bytes=path.stat().st_size,
            loss=float(losses.mean()),
            tokens_per_second=num_new_tokens / answering,
            prompt_tokens_per_second=len(prompt) / reading,
        )


def _seconds(model: LlamaModel, prompt: list[int], num_new_tokens: int) -> float:
    """Return how long it takes to read a prompt and say this many tokens."""
    began_at = time.perf_counter()
    model.greedy_ids(prompt, stops=frozenset(), max_new_tokens=num_new_tokens)
    return time.perf_counter() - began_at
