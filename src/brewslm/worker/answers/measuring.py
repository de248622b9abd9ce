"""Measures a model on this machine, in several dtypes."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from brewslm.core.wire.order import MeasureOrder
from brewslm.core.wire.progress import StartedRecord
from brewslm.core.wire.result import Measurement, MeasureResult
from brewslm.worker.answers.generation import greedy_ids
from brewslm.worker.models import Precision, device_here, load_model, runtime_name, unpacked, vocab_size_of
from brewslm.worker.run import Run
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import Shard, open_shard

if TYPE_CHECKING:
    from transformers import Cache, PreTrainedModel

LONGEST_PROMPT = 256
NUM_TRIES = 3
"""The fastest counts: what disturbs a measurement only ever makes it slower."""


def measure(order: MeasureOrder, run: Run) -> MeasureResult:
    """Measure size, loss and speed in each dtype.

    Raises:
        BadOrderError: the model cannot be loaded.
        BadDataError: the split is damaged.
    """
    run.journal.append(StartedRecord(**run.journal.stamp(), device=str(device_here())))
    measurements = []
    for number, dtype in enumerate(order.dtypes, start=1):
        measurements.append(_measure(order, dtype))
        run.progress(number / len(order.dtypes), f"measured in {dtype}")
    return MeasureResult(measurements=tuple(measurements), runtime=runtime_name(), device=str(device_here()))


def _measure(order: MeasureOrder, dtype: Precision) -> Measurement:
    model = load_model(order.model_folder, precision=dtype)
    shard = open_shard(Path(order.eval_folder), vocab_size=vocab_size_of(model))
    loss = float(example_losses(model, shard).sum() / shard.num_trained.sum())
    prompt = _prompt(model, shard)
    with unpacked(model), torch.no_grad():
        greedy_ids(model, prompt[:8], stops=frozenset(), max_new_tokens=2)
        reading, cache = _fastest_reading(model, prompt)
        seconds = []
        for _ in range(NUM_TRIES):
            began_at = time.perf_counter()
            num_tokens = len(
                greedy_ids(model, prompt[:8], stops=frozenset(), max_new_tokens=order.num_new_tokens),
            )
            seconds.append((time.perf_counter() - began_at) / num_tokens)
    return Measurement(
        dtype=dtype,
        weight_bytes=sum(weight.numel() * weight.element_size() for weight in model.parameters()),
        loss=loss,
        tokens_per_second=1.0 / min(seconds),
        prompt_tokens_per_second=len(prompt) / reading,
        kv_cache_bytes_per_token=_cache_bytes(cache) // len(prompt),
    )


def _prompt(model: "PreTrainedModel", shard: Shard) -> list[int]:
    """Real tokens, as many as half of the context allows."""
    context: int = getattr(model.config.get_text_config(), "max_position_embeddings", LONGEST_PROMPT)
    return [int(token) for token in shard.tokens[: min(LONGEST_PROMPT, context // 2)]]


def _fastest_reading(model: "PreTrainedModel", prompt: list[int]) -> "tuple[float, Cache | None]":
    ids = torch.tensor([prompt], device=next(model.parameters()).device)
    fastest = float("inf")
    cache: Cache | None = None
    for _ in range(NUM_TRIES):
        began_at = time.perf_counter()
        cache = model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
        fastest = min(fastest, time.perf_counter() - began_at)
    return fastest, cache


def _cache_bytes(cache: "Cache | None") -> int:
    layers: Any = cache.layers if cache is not None else ()
    return int(sum(states.nbytes for layer in layers for states in (layer.keys, layer.values)))
