"""Merges an adapter into its base, saves both forms, and compares what comes back from disk.

A model that was tuned as a whole has nothing to merge, and no second form.
"""

import copy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from transformers import AutoModelForCausalLM

from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.progress import NoticeRecord, StartedRecord
from brewslm.core.wire.result import ExportResult
from brewslm.core.wire.rundir import ADAPTER_FOLDER
from brewslm.worker.answers.chat import make_chat
from brewslm.worker.export.parity import Parity, compare
from brewslm.worker.failure import BadOrderError
from brewslm.worker.files import sync_file, sync_folder
from brewslm.worker.models import (
    device_here,
    load_stored,
    load_tokenizer,
    load_tuned,
    runtime_name,
    use_plain_attention,
    vocab_size_of,
)
from brewslm.worker.run import Run
from brewslm.worker.shard import open_shard

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

MODEL_FOLDER = "model"
LARGEST_LOSS_DIFFERENCE = 1e-3
"""Nats per token; where rounding to a smaller dtype costs more, the merged model is saved in float32."""

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "spiece.model",
)


def export(order: ExportOrder, run: Run) -> ExportResult:
    """Write `adapter/` and `model/`, and say how far the model that is read back differs from the tuned one.

    Raises:
        BadOrderError: base and adapter do not go together, or the output would lie outside the run directory.
        BadDataError: the parity split is damaged.
    """
    output = Path(order.output_folder)
    if not output.resolve().is_relative_to(run.folder):
        raise BadOrderError(f"The output folder {str(output)!r} is not inside the run directory {str(run.folder)!r}.")
    shutil.rmtree(output, ignore_errors=True)  # what a killed attempt left
    output.mkdir(parents=True)
    run.journal.append(StartedRecord(**run.journal.stamp(), device=str(device_here())))
    if order.tuned_form == "adapter":
        _copy(Path(order.tuned_folder), output / ADAPTER_FOLDER, ADAPTER_FILES)
    run.progress(0.1, "merging")
    merged, stored = merge(order)
    dtype, parity = _save_and_compare(order, merged, stored, output, run)
    run.progress(1.0, "compared")
    return ExportResult(
        dtype=_name(dtype),
        num_examples=parity.num_examples,
        adapter_loss=parity.adapter_loss,
        merged_loss=parity.merged_loss,
        largest_logprob_difference=parity.largest_logprob_difference,
        same_greedy_tokens=parity.same_greedy_tokens,
        runtime=runtime_name(),
    )


def _save_and_compare(
    order: ExportOrder, merged: "PreTrainedModel", stored: torch.dtype, output: Path, run: Run
) -> tuple[torch.dtype, Parity]:
    """Save in the base's own dtype, or in float32 where rounding to that costs too much."""
    _save(merged, output / MODEL_FOLDER, stored, base=Path(order.base_model))
    run.progress(0.4, f"comparing in {_name(stored)}")
    parity = _compare(order, output)
    if stored == torch.float32 or abs(parity.merged_loss - parity.adapter_loss) <= LARGEST_LOSS_DIFFERENCE:
        return stored, parity
    message = f"In {_name(stored)} the saved model loses {parity.merged_loss:.5f} and the tuned one "
    message += f"{parity.adapter_loss:.5f}, so it was saved in float32."
    run.journal.append(NoticeRecord(**run.journal.stamp(), message=message))
    _save(merged, output / MODEL_FOLDER, torch.float32, base=Path(order.base_model))
    run.progress(0.7, "comparing in float32")
    return torch.float32, _compare(order, output)


def merge(order: ExportOrder) -> "tuple[PreTrainedModel, torch.dtype]":
    """Return what was tuned as one float32 model, and the dtype in which the base is stored."""
    stored = AutoModelForCausalLM.from_pretrained(order.base_model, dtype="auto").dtype
    tuned = load_tuned(order.base_model, Path(order.tuned_folder), order.tuned_form)
    if order.tuned_form == "adapter":
        tuned = cast("PeftModel", tuned).merge_and_unload(safe_merge=True)
    merged = cast("PreTrainedModel", tuned)
    use_plain_attention(merged)
    return merged, stored


def _compare(order: ExportOrder, output: Path) -> Parity:
    kept = output / ADAPTER_FOLDER if order.tuned_form == "adapter" else Path(order.tuned_folder)
    tuned = load_tuned(order.base_model, kept, order.tuned_form)
    reloaded = load_stored(str(output / MODEL_FOLDER))
    chat = make_chat(load_tokenizer(str(output / MODEL_FOLDER)), reloaded.generation_config)
    shard = open_shard(Path(order.parity_folder), vocab_size=vocab_size_of(reloaded))
    return compare(tuned, reloaded, shard=shard, chat=chat, prompts=order.parity_prompts)


def _save(merged: "PreTrainedModel", folder: Path, dtype: torch.dtype, *, base: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    rounded = copy.deepcopy(merged)
    torch.nn.Module.to(rounded, dtype)
    rounded.save_pretrained(folder)
    _copy(base, folder, TOKENIZER_FILES)


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    for path in target.iterdir():
        sync_file(path)
    sync_folder(target)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
