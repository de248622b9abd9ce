"""Greedy answers of a GGUF file in llama.cpp, with what the file itself holds: its template, its tokens, its stops."""

import time
from pathlib import Path

import torch

from brewslm.core.wire.order import GenerateOrder
from brewslm.core.wire.progress import StartedRecord
from brewslm.core.wire.result import GeneratedAnswer, GenerateResult
from brewslm.worker.llama.library import load_library
from brewslm.worker.llama.running import LlamaModel, opened
from brewslm.worker.llama.templating import template_of
from brewslm.worker.run import Run


def answer_gguf(order: GenerateOrder, run: Run) -> GenerateResult:
    """Answer the prompts of an order whose model is a GGUF file.

    Raises:
        BadOrderError: llama.cpp is not installed, or does not take the file.
    """
    path = Path(order.model_folder)
    with template_of(path) as render:
        texts = [render(messages) for messages in order.prompts]
    num_places = (
        max((len(text.encode()) for text in texts), default=0) + order.max_new_tokens
    )  # a token is a byte at least
    with opened(path, num_places=num_places, num_threads=torch.get_num_threads()) as model:
        run.journal.append(StartedRecord(**run.journal.stamp(), device="cpu"))
        stops = frozenset(token for token in range(model.vocab_size) if model.ends_a_turn(token))
        answers = []
        for number, text in enumerate(texts, start=1):
            answers.append(_answer(model, text, stops, order))
            run.progress(number / len(texts), "answering")
    return GenerateResult(answers=tuple(answers), runtime=load_library().name)


def _answer(model: LlamaModel, text: str, stops: frozenset[int], order: GenerateOrder) -> GeneratedAnswer:
    began_at = time.perf_counter()
    prompt = model.token_ids(text)
    ids = model.greedy_ids(prompt, stops=stops, max_new_tokens=order.max_new_tokens)
    is_stopped = bool(ids) and ids[-1] in stops
    said = model.text(ids[:-1] if is_stopped else ids)
    seconds = time.perf_counter() - began_at
    answer = GeneratedAnswer(text=said, num_tokens=len(ids), is_stopped=is_stopped, seconds=seconds)
    if not order.is_scored:
        return answer
    places = range(len(prompt), len(prompt) + len(ids))
    logprobs = tuple((-model.losses([*prompt, *ids], places)).tolist())
    return answer.model_copy(update={"prompt_tokens": len(prompt), "logprobs": logprobs})
