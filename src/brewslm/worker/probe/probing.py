"""Scores a base model on rows, as it is and after a short training."""

import gc
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import ProbeOrder, TrainOrder
from brewslm.core.wire.progress import StartedRecord
from brewslm.core.wire.result import ModelMeasurement, ProbeResult, RowScores, TrainResult
from brewslm.core.wire.rundir import ADAPTER_FOLDER, CHECKPOINTS_FOLDER, LOG_FILE
from brewslm.worker.answers.chat import make_chat
from brewslm.worker.evaluate.labels import likeliest_labels
from brewslm.worker.evaluate.trie import trie_of
from brewslm.worker.failure import BadOrderError, NotFiniteError, OutOfMemoryError, is_out_of_memory
from brewslm.worker.journal import Journal
from brewslm.worker.models import AnyModel, attach_adapter, device_here, load_model, load_tokenizer, runtime_name
from brewslm.worker.models import vocab_size_of as vocab_size
from brewslm.worker.run import Run
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import Shard, open_shard
from brewslm.worker.train.loop import train
from brewslm.worker.train.recorder import peak_memory_bytes

TRAINING_FOLDER = "training"
"""Of the run directory."""


def probe(order: ProbeOrder, run: Run) -> ProbeResult:
    """Measure the model; one that cannot be loaded, trained or held in memory is a result as well.

    Raises:
        BadDataError: a split is damaged.
    """
    run.journal.append(StartedRecord(**run.journal.stamp(), device=str(device_here())))
    measured, problem = None, ""
    try:
        measured = _measure(order, run)
    except (BadOrderError, NotFiniteError, OutOfMemoryError) as error:
        problem = str(error)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        problem = "Memory ran out."
    return ProbeResult(measured=measured, problem=problem, runtime=runtime_name(), device=str(device_here()))


def _measure(order: ProbeOrder, run: Run) -> ModelMeasurement:
    _forget_peak()
    precision = "float32" if order.recipe is None else order.recipe.precision
    base = load_model(order.model_folder, precision=precision)
    shard = open_shard(Path(order.eval_folder), vocab_size=vocab_size(base))
    run.progress(0.1, "scoring the untuned model")
    zero_shot, seconds = _score(base, shard, order)
    del base
    trained = None if order.recipe is None else _train(order, order.recipe, run)
    probed = None
    if trained is not None:
        run.progress(0.8, "scoring the tuned model")
        tuned = attach_adapter(load_model(order.model_folder, precision=precision), trained.adapter)
        probed, _ = _score(tuned, shard, order)
        del tuned
        shutil.rmtree(run.folder / TRAINING_FOLDER / CHECKPOINTS_FOLDER)
    return ModelMeasurement(
        name=order.name,
        zero_shot=zero_shot,
        probed=probed,
        scored_tokens_per_second=len(shard.tokens) / seconds,
        trained_tokens_per_second=None if trained is None else trained.tokens_per_second,
        learning_rate=None if order.recipe is None else order.recipe.optim.learning_rate,
        peak_memory_bytes=_peak(),
    )


def _score(model: AnyModel, shard: Shard, order: ProbeOrder) -> tuple[RowScores, float]:
    """Return a model's scores, and the seconds that its losses took."""
    began_at = time.perf_counter()
    losses = tuple(example_losses(model, shard).tolist())
    seconds = time.perf_counter() - began_at
    if order.labelled is None:
        return RowScores(losses=losses), seconds
    chat = make_chat(load_tokenizer(order.model_folder), model.generation_config)
    rows = order.labelled
    trie = trie_of([chat.answer_ids(rows.prompts[0], label) for label in order.allowed_labels])
    numbers, _ = likeliest_labels(model, [chat.prompt_ids(prompt) for prompt in rows.prompts], trie)
    return RowScores(losses=losses, labels=tuple(order.allowed_labels[number] for number in numbers)), seconds


@dataclass(frozen=True, slots=True)
class _Trained:
    """What a short training left."""

    adapter: Path
    tokens_per_second: float | None


def _train(order: ProbeOrder, recipe: Recipe, run: Run) -> _Trained:
    """Train in a folder of its own, whose journal stays there: the job's tells how far the whole is."""
    run.progress(0.2, f"training for {recipe.data.total_steps} steps")
    folder = run.folder / TRAINING_FOLDER
    folder.mkdir(exist_ok=True)
    train_order = TrainOrder(
        base_model=order.model_folder,
        train_folder=order.train_folder,
        eval_folder=order.eval_folder,
        recipe=recipe,
        manifest_id=order.manifest_id,
    )
    own = replace(run, folder=folder, journal=Journal(folder / LOG_FILE, attempt=run.attempt))
    result = train(train_order, own)
    if not isinstance(result, TrainResult):
        raise BadOrderError("A benchmark runs in one process; start it without others.")
    seconds = sum(rate.seconds for rate in result.passes)
    tokens = sum(rate.num_tokens for rate in result.passes)
    return _Trained(folder / result.checkpoint / ADAPTER_FOLDER, tokens / seconds if seconds else None)


def _forget_peak() -> None:
    """Count the peak of memory from here on. On Linux, 5 stands for that (proc(5), `clear_refs`)."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else peak_memory_bytes()
