"""Asks an engine and gathers what it tells."""

import queue
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from brewslm.serving.engine import BatchEngine
from brewslm.serving.generation import End, Event, Generation, Prompt, Token
from brewslm.serving.models import Served

PATIENCE_SECONDS = 60.0


@dataclass
class Heard:
    """One answer."""

    generation: Generation
    events: "queue.Queue[Event]"
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    text: str = ""
    reason: str = ""
    prompt: Prompt | None = None

    def hear(self) -> "Heard":
        """Wait for its end."""
        while not self.reason:
            event = self.events.get(timeout=PATIENCE_SECONDS)
            match event:
                case Token(choice=choice):
                    self.tokens.append(choice.token)
                    self.logprobs.append(choice.logprob)
                    self.text += event.text
                case End():
                    self.text += event.text
                    self.reason = event.reason
                case Prompt():
                    self.prompt = event
                case _:
                    raise AssertionError(event)
        return self


def ask(engine: BatchEngine, prompt: Sequence[int], max_tokens: int = 20, **options: Any) -> Heard:
    events: queue.Queue[Event] = queue.Queue()
    generation = Generation(prompt, max_tokens, events.put, **options)
    engine.submit(generation)
    return Heard(generation, events)


@torch.inference_mode()
def alone(served: Served, prompt: Sequence[int], max_tokens: int) -> tuple[list[int], list[float]]:
    """The greedy answer by the plain model, over the whole sequence at every step."""
    ids, found, logprobs = list(prompt), [], []
    for _ in range(max_tokens):
        own = torch.log_softmax(served.model(input_ids=torch.tensor([ids])).logits[0, -1].float(), -1)
        found.append(int(own.argmax()))
        logprobs.append(float(own.max()))
        ids.append(found[-1])
        if found[-1] in served.stops:
            break
    return found, logprobs
