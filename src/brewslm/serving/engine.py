"""Continuous batching: answers join and leave at every step, and none of them knows of the others.

A prompt is read by itself, in pieces between the steps of those that are under way; then its row joins the batch. A
step gives every row one token. No row is padded on the left and none sees another, so that an answer is the one that
its prompt would get alone, up to the rounding of differently shaped matrix products.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import DynamicCache

from brewslm.serving.cache import Place, Rows, layers_of
from brewslm.serving.generation import End, Failed, Generation, Prompt, Token
from brewslm.serving.sampling import Choice, Sampler
from brewslm.serving.text import Writer

if TYPE_CHECKING:
    from brewslm.serving.models import Served

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
BASE_NAME = "__base__"
"""How peft calls the base without an adapter."""


Change = Callable[["Served", frozenset[str]], "Served"]
"""Given the model and the adapters that answers under way need: the model as it is from now on."""


@dataclass(slots=True)
class Answer:
    """A generation and how far it is."""

    asked: Generation
    sampler: Sampler
    writer: Writer
    cache: DynamicCache
    num_read: int = 0
    num_made: int = 0
    next_token: int = 0
    echoed: tuple[Choice, ...] = ()


class BatchEngine:
    """Implements `Engine` with transformers. One thread owns model, rows and answers."""

    def __init__(self, served: "Served", *, max_streams: int, prefill_tokens: int) -> None:
        """Start the thread.

        Args:
            served: the model.
            max_streams: rows of the batch; generations beyond it wait.
            prefill_tokens: tokens of a prompt that are read between two steps.
        """
        self._served = served
        self._max_streams = max_streams
        self._prefill_tokens = prefill_tokens
        self._rows = Rows(served.num_layers, served.device)
        self._waiting: deque[Generation] = deque()
        self._reading: deque[Answer] = deque()
        self._active: list[Answer] = []
        self._errands: deque[tuple[Change, Future[None]]] = deque()
        self._changed = threading.Condition()
        self._is_closing = False
        self.on_broken: Callable[[], None] = lambda: None
        """Called once when the engine cannot go on."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, generation: Generation) -> None:
        """Take a generation in."""
        with self._changed:
            self._waiting.append(generation)
            self._changed.notify()

    @property
    def served(self) -> "Served":
        """The model as it is now."""
        return self._served

    def change(self, change: "Change") -> None:
        """Change what is served between two steps, and wait for it. What `change` raises is raised here."""
        done: Future[None] = Future()
        with self._changed:
            self._errands.append((change, done))
            self._changed.notify()
        done.result()

    def load(self) -> tuple[int, int]:
        """Return how many answers are under way, and how many wait."""
        return len(self._active) + len(self._reading), len(self._waiting)

    def close(self) -> None:
        """Stop after the present step."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            with torch.inference_mode():
                while self._wait():
                    self._run_errands()
                    self._drop_cancelled()
                    self._admit()
                    if self._reading:
                        self._read(self._reading[0])
                    if self._active:
                        self._step()
        except Exception:
            log.exception("the engine broke")
            everybody = [answer.asked for answer in (*self._active, *self._reading)] + list(self._waiting)
            for asked in everybody:
                asked.tell(Failed("the model's process broke and is started again; ask again"))
            self.on_broken()

    def _wait(self) -> bool:
        """Wait until there is work; False when this is the end."""
        with self._changed:
            while not (self._is_closing or self._errands or self._waiting or self._reading or self._active):
                self._changed.wait(IDLE_SECONDS)
            return not self._is_closing

    def _run_errands(self) -> None:
        while self._errands:
            with self._changed:
                change, done = self._errands.popleft()
                open_answers = [*self._waiting, *(answer.asked for answer in (*self._active, *self._reading))]
            in_use = frozenset(asked.adapter for asked in open_answers if asked.adapter is not None)
            try:
                with torch.inference_mode(mode=False):
                    self._served = change(self._served, in_use)
            except Exception as error:  # noqa: BLE001 - it is the caller's
                done.set_exception(error)
            else:
                done.set_result(None)

    def _drop_cancelled(self) -> None:
        with self._changed:
            self._waiting = deque(one for one in self._waiting if not one.is_cancelled)
        self._reading = deque(one for one in self._reading if not one.asked.is_cancelled)
        for row in reversed(range(len(self._active))):
            if self._active[row].asked.is_cancelled:
                self._leave(row)

    def _admit(self) -> None:
        with self._changed:
            while self._waiting and len(self._active) + len(self._reading) < self._max_streams:
                asked = self._waiting.popleft()
                if asked.adapter is not None and asked.adapter not in self._served.adapters.values():
                    # peft would let the base answer in its place
                    asked.tell(Failed("the adapter that was asked for is not held any more; ask again"))
                    continue
                writer = Writer(self._served.decode, asked.stops)
                self._reading.append(Answer(asked, Sampler(asked.sampling), writer, DynamicCache()))

    def _read(self, answer: Answer) -> None:
        """Read the next piece of the first prompt; at its end choose the first token and join the batch."""
        prompt, begin = answer.asked.prompt, answer.num_read
        piece = list(prompt[begin : begin + self._prefill_tokens])
        answer.num_read += len(piece)
        is_whole = answer.num_read == len(prompt)
        logits = self._forward(
            [piece],
            [answer],
            past_key_values=answer.cache,
            logits_to_keep=0 if answer.asked.is_echoed else 1,
        )[0]
        if answer.asked.is_echoed:
            known = prompt[begin + 1 : begin + 1 + len(piece)]
            answer.echoed += tuple(_told(row, token, answer) for row, token in zip(logits, known, strict=False))
        if not is_whole:
            return
        self._reading.popleft()
        answer.asked.tell(Prompt(answer.echoed))
        layers_of(answer.cache)
        end = End("length") if answer.asked.max_tokens == 0 else self._choose(answer, logits[-1])
        if end is not None:
            answer.asked.tell(end)
            return
        self._rows.put(answer.cache, len(prompt))
        self._active.append(answer)
        answer.cache = DynamicCache()

    def _step(self) -> None:
        place = self._rows.step()
        logits = self._forward(
            [[answer.next_token] for answer in self._active],
            self._active,
            past_key_values=self._rows.cache,
            position_ids=place.lengths[:, None],
            attention_mask=self._masks(place),
        )[:, -1]
        for row in reversed(range(len(self._active))):
            answer = self._active[row]
            end = self._choose(answer, logits[row])
            if end is not None:
                self._leave(row)  # first, so that who hears the end finds the place free
                answer.asked.tell(end)

    def _choose(self, answer: Answer, logits: Tensor) -> End | None:
        """Choose a token and tell it. Return the end, which is not told, when no other token follows."""
        asked = answer.asked
        choice = answer.sampler.choose(logits)
        answer.next_token, answer.num_made = choice.token, answer.num_made + 1
        if choice.token in self._served.stops:
            asked.tell(Token(choice, "", is_hidden=True))
            return End("stop", answer.writer.end().text)
        piece = answer.writer.add(choice.token)
        asked.tell(Token(choice, piece.text))
        if piece.is_stopped:
            return End("stop")
        if answer.num_made >= asked.max_tokens:
            rest = answer.writer.end()
            return End("stop" if rest.is_stopped else "length", rest.text)
        return None

    def _leave(self, row: int) -> None:
        self._rows.remove(row)
        last = self._active.pop()
        if row < len(self._active):
            self._active[row] = last

    def _forward(self, tokens: list[list[int]], answers: list[Answer], **options: Any) -> Tensor:  # noqa: ANN401 - the model's own
        """Return logits, [rows, tokens, vocabulary], float32 on the CPU."""
        if self._served.has_adapters:
            options["adapter_names"] = [answer.asked.adapter or BASE_NAME for answer in answers]
        ids = torch.tensor(tokens, device=self._served.device)
        output = self._served.model(input_ids=ids, use_cache=True, **options)
        logits: Tensor = output.logits.float().cpu()
        return logits

    def _masks(self, place: Place) -> "Tensor | dict[str, Tensor]":
        """Say what each row may look at, [rows, 1, 1, places], for each kind of attention of the model."""
        window, kinds = self._served.window, self._served.attention_kinds
        seen = torch.arange(place.width, device=self._served.device)[None, :]
        full = seen <= place.lengths[:, None]
        near = full & (seen > place.lengths[:, None] - window) if window is not None else full
        masks = {kind: self._additive(near if kind == "sliding_attention" else full) for kind in kinds}
        return masks if len(masks) > 1 else next(iter(masks.values()))

    def _additive(self, is_seen: Tensor) -> Tensor:
        dtype = self._served.dtype
        mask = torch.zeros(is_seen.shape, dtype=dtype, device=is_seen.device)
        return mask.masked_fill(~is_seen, torch.finfo(dtype).min)[:, None, None, :]


def _told(logits: Tensor, token: int, answer: Answer) -> Choice:
    """How likely a token of the prompt was."""
    own = torch.log_softmax(logits, dim=-1)
    values, tokens = own.topk(max(1, answer.asked.sampling.num_top_logprobs))
    return Choice(token, float(own[token]), tuple(zip(map(int, tokens), map(float, values), strict=True)))
