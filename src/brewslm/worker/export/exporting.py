"""Merges an adapter into its base, saves both forms, and compares what comes back from disk.

A model that was tuned as a whole has nothing to merge, and no second form.
"""

import copy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import torch

from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.parity import problem_of
from brewslm.core.wire.progress import NoticeRecord, StartedRecord
from brewslm.core.wire.result import ExportResult
from brewslm.core.wire.rundir import ADAPTER_FOLDER
from brewslm.worker.answers.chat import make_chat
from brewslm.worker.export.comparing import parity_of, parity_shard, told, tuned_form
from brewslm.worker.export.forms import TorchForm
from brewslm.worker.export.gguf import export_gguf
from brewslm.worker.export.merging import merged_model
from brewslm.worker.export.parity import compare
from brewslm.worker.failure import BadOrderError
from brewslm.worker.files import sync_file, sync_folder
from brewslm.worker.models import (
    AnyModel,
    device_here,
    load_stored,
    load_tokenizer,
    load_tuned,
    runtime_name,
    without_adapter,
)
from brewslm.worker.run import Run

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MODEL_FOLDER = "model"
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
    """Write the weights in the form that is asked for, and say how far what is read back differs from what was tuned.

    Raises:
        BadOrderError: base and adapter do not go together, the output would lie outside the run directory, or the model
            cannot be written in that form.
        BadDataError: the parity split is damaged.
    """
    output = Path(order.output_folder)
    if not output.resolve().is_relative_to(run.folder):
        raise BadOrderError(f"The output folder {str(output)!r} is not inside the run directory {str(run.folder)!r}.")
    if order.format == "adapter" and order.tuned_form != "adapter":
        raise BadOrderError("The model was tuned as a whole: there is no adapter. Export it as huggingface or gguf.")
    shutil.rmtree(output, ignore_errors=True)  # what a killed attempt left
    output.mkdir(parents=True)
    run.journal.append(StartedRecord(**run.journal.stamp(), device=str(device_here())))
    if order.tuned_form == "adapter" and order.format in ("huggingface", "adapter"):
        _copy(Path(order.tuned_folder), output / ADAPTER_FOLDER, ADAPTER_FILES)
    match order.format:
        case "adapter":
            _copy(Path(order.base_model), output / ADAPTER_FOLDER, TOKENIZER_FILES)
            result = _compared_in_torch(order, load_tuned(order.base_model, output / ADAPTER_FOLDER, "adapter"))
        case "gguf":
            run.progress(0.1, "merging")
            result = export_gguf(order, _merged(order)[0], run)
        case "huggingface" | "safetensors":
            run.progress(0.1, "merging")
            result = _export_merged(order, run, output / MODEL_FOLDER)
        case _:
            assert_never(order.format)
    run.progress(1.0, "compared")
    return result


def _export_merged(order: ExportOrder, run: Run, folder: Path) -> ExportResult:
    """Save in the base's own dtype, or in float32 where rounding to that costs more than it may."""
    merged, stored = _merged(order)
    _save(merged, folder, stored, base=Path(order.base_model))
    run.progress(0.4, f"comparing in {_name(stored)}")
    result = _compared_in_torch(order, load_stored(str(folder)))
    problem = problem_of(parity_of(result), result.dtype)
    if stored == torch.float32 or problem is None:
        return result
    run.journal.append(NoticeRecord(**run.journal.stamp(), message=f"{problem} So it was saved in float32."))
    _save(merged, folder, torch.float32, base=Path(order.base_model))
    run.progress(0.7, "comparing in float32")
    return _compared_in_torch(order, load_stored(str(folder)))


def _merged(order: ExportOrder) -> "tuple[PreTrainedModel, torch.dtype]":
    return merged_model(order.base_model, Path(order.tuned_folder), order.tuned_form)


def _compared_in_torch(order: ExportOrder, saved: AnyModel) -> ExportResult:
    tuned = tuned_form(order)
    chat = make_chat(load_tokenizer(order.base_model), without_adapter(saved).generation_config)
    prompts = [chat.prompt_ids(messages) for messages in order.parity_prompts]
    form = TorchForm(saved, chat.stops)
    found = compare(TorchForm(tuned, chat.stops), form, shard=parity_shard(order, tuned), chat=chat, prompts=prompts)
    return told(found, chat, dtype=_name(without_adapter(saved).dtype), runtime=runtime_name())


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
