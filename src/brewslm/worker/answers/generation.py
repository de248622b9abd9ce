"""Greedy answers, one prompt at a time: exact, and free of padding."""

import time
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

import torch

from brewslm.core.data.example import Message
from brewslm.core.wire.order import GenerateOrder
from brewslm.core.wire.progress import StartedRecord
from brewslm.core.wire.result import GeneratedAnswer, GenerateResult
from brewslm.worker.answers.chat import Chat, make_chat
from brewslm.worker.models import AnyModel, device_here, load_model, load_tokenizer, load_tuned, runtime_name, unpacked
from brewslm.worker.run import Run


def answer_order(order: GenerateOrder, run: Run) -> GenerateResult:
    """Load a model and answer the prompts; a GGUF file answers in llama.cpp.

    Raises:
        BadOrderError: the model cannot be loaded.
    """
    if order.model_folder.endswith(".gguf"):
        from brewslm.worker.llama.answering import answer_gguf

        return answer_gguf(order, run)
    model: AnyModel
    if order.tuned_folder is None:
        model = load_model(order.model_folder, precision="float32")
    else:
        model = load_tuned(order.model_folder, Path(order.tuned_folder), order.tuned_form)
    chat = make_chat(load_tokenizer(order.model_folder), model.generation_config)
    run.journal.append(
        StartedRecord(
            **run.journal.stamp(), device=str(device_here()), num_parameters=sum(w.numel() for w in model.parameters())
        )
    )
    answers = []
    with unpacked(model):
        for number, messages in enumerate(order.prompts, start=1):
            prompt = chat.prompt_ids(messages)
            answer, ids = _answered(model, chat, prompt, max_new_tokens=order.max_new_tokens)
            if order.is_scored:
                scored = {"prompt_tokens": len(prompt), "logprobs": _logprobs(model, prompt, ids)}
                answer = answer.model_copy(update=scored)
            answers.append(answer)
            run.progress(number / len(order.prompts), "answering")
    return GenerateResult(answers=tuple(answers), runtime=runtime_name())


def answer_all(
    model: AnyModel,
    chat: Chat,
    prompts: Sequence[Sequence[Message]],
    *,
    max_new_tokens: int,
    tools: Sequence[str | None] = (),
    on_answer: Callable[[float], None] = lambda _: None,
) -> tuple[GeneratedAnswer, ...]:
    """Answer each prompt greedily.

    Args:
        model: the model that answers.
        chat: its tokenizer and template.
        prompts: conversations in which the assistant is about to speak.
        max_new_tokens: of each answer.
        tools: for each prompt the functions that may be called, a JSON array; empty where there are none at all.
        on_answer: told the share that is done.
    """
    answers = []
    with unpacked(model):
        for number, (messages, callable_ones) in enumerate(zip_longest(prompts, tools), start=1):
            prompt = chat.prompt_ids(messages, tools=callable_ones)
            answers.append(_answered(model, chat, prompt, max_new_tokens=max_new_tokens)[0])
            on_answer(number / len(prompts))
    return tuple(answers)


def _answered(
    model: AnyModel, chat: Chat, prompt: list[int], *, max_new_tokens: int
) -> tuple[GeneratedAnswer, list[int]]:
    began_at = time.perf_counter()
    ids = greedy_ids(model, prompt, stops=chat.stops, max_new_tokens=max_new_tokens)
    is_stopped = bool(ids) and ids[-1] in chat.stops
    text = chat.text(ids[:-1] if is_stopped else ids)
    seconds = time.perf_counter() - began_at
    return GeneratedAnswer(text=text, num_tokens=len(ids), is_stopped=is_stopped, seconds=seconds), ids


@torch.no_grad()
def _logprobs(model: AnyModel, prompt: list[int], ids: list[int]) -> tuple[float, ...]:
    """The log-probability of each of these tokens after the prompt and those before it, nats."""
    device = next(model.parameters()).device
    logits = model(input_ids=torch.tensor([[*prompt, *ids]], device=device), logits_to_keep=len(ids) + 1).logits
    told = torch.log_softmax(logits[0, :-1].float(), dim=-1).gather(-1, torch.tensor(ids, device=device)[:, None])
    return tuple(told[:, 0].tolist())


@torch.no_grad()
def greedy_ids(model: AnyModel, prompt: Sequence[int], *, stops: frozenset[int], max_new_tokens: int) -> list[int]:
    """Return the likeliest next tokens one by one, up to and with the first of `stops`.

    Ends earlier where the model's context is full. The model must be `unpacked`.
    """
    context: int = getattr(model.config.get_text_config(), "max_position_embeddings", 1 << 30)
    ids = torch.tensor([list(prompt)], device=next(model.parameters()).device)
    cache = None
    found: list[int] = []
    while len(found) < min(max_new_tokens, context - len(prompt)):
        output = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
        ids = output.logits[:, -1].argmax(-1, keepdim=True)
        found.append(int(ids))
        if found[-1] in stops:
            break
    return found
