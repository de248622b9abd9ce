"""Writes the merged model as one GGUF file, and compares it in llama.cpp."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from brewslm.core.wire.export import GGUF_FILE, Quantization
from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.result import ExportResult
from brewslm.worker.answers.chat import make_chat
from brewslm.worker.export.comparing import parity_shard, told, tuned_form
from brewslm.worker.export.forms import LlamaForm, TorchForm
from brewslm.worker.export.ollama import ollama_template
from brewslm.worker.export.parity import NUM_NEW_TOKENS, compare
from brewslm.worker.export.texts import stop_problem, text_problem
from brewslm.worker.llama.library import load_library
from brewslm.worker.llama.running import opened
from brewslm.worker.llama.templating import template_of
from brewslm.worker.llama.writing import write_gguf
from brewslm.worker.models import load_tokenizer
from brewslm.worker.run import Run

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel


def export_gguf(order: ExportOrder, merged: "PreTrainedModel", run: Run) -> ExportResult:
    """Write `model.gguf` and say how far llama.cpp is from what was tuned.

    Raises:
        BadOrderError: llama.cpp is not installed, or cannot run this model.
    """
    library, path = load_library(), Path(order.output_folder) / GGUF_FILE
    quantization: Quantization = order.quantization or "q8_0"
    tokenizer = load_tokenizer(order.base_model)
    run.progress(0.3, f"writing {quantization}")
    write_gguf(merged, tokenizer, path, quantization=quantization, name=order.name)
    chat = make_chat(tokenizer, merged.generation_config)
    tuned = tuned_form(order)
    shard = parity_shard(order, tuned)
    prompts = [chat.prompt_ids(messages) for messages in order.parity_prompts]
    num_places = max(int(shard.lengths.max()), *(len(prompt) + NUM_NEW_TOKENS for prompt in prompts), 64)
    run.progress(0.5, "comparing in llama.cpp")
    with opened(path, num_places=num_places, num_threads=torch.get_num_threads()) as model:
        with template_of(path) as render:
            num_texts, problem = text_problem(model, render, chat, order.parity_prompts)
        problem = problem or stop_problem(model, chat, ends_of(merged.generation_config, tokenizer.eos_token_id))
        ours, theirs = TorchForm(tuned, chat.stops), LlamaForm(model, chat.stops)
        found = compare(ours, theirs, shard=shard, chat=chat, prompts=prompts)
    result = told(found, chat, dtype=quantization, runtime=library.name, num_texts=num_texts, text_problem=problem)
    return result.model_copy(update={"ollama_template": ollama_template(chat, order.parity_prompts)})


def ends_of(generation: "GenerationConfig | None", end: int | None) -> list[int]:
    """Return the tokens by which generation ends in transformers."""
    named = generation.eos_token_id if generation is not None else None
    ends = named if isinstance(named, list) else [named]
    return sorted({token for token in (*ends, end) if token is not None})
