"""Gradients of one step, computed by one process or by several that share the step's micro-batches.

On a CPU that other programs use too, two single-threaded processes that fetch micro-batches as they become free lose
far less time than one process with two threads, which wait for each other in every operation.
"""

import os
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Semaphore
from pathlib import Path

import torch
import torch.multiprocessing
from torch import Tensor

from pretrain.llama import Llama, ModelShape, rotary_tables
from pretrain.settings import RunSettings
from pretrain.streams import BatchOrder, Part, read_stream

_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class _Shared:
    """What the processes share: weights, gradient sums, losses, and the place in the work."""

    weights: Tensor
    gradients: Tensor
    losses: Tensor
    step: "Synchronized[int]"
    length: "Synchronized[int]"
    next_micro_batch: "Synchronized[int]"
    start: Semaphore
    done: Semaphore


class MicroBatches:
    """One process's copy of the model; its weights are a view of the shared flat weights."""

    def __init__(self, shared: _Shared, settings: RunSettings, streams_folder: Path, *, device: torch.device) -> None:
        """Map the streams, lay the model over the shared weights and prepare the compiled program."""
        self._shared = shared
        self._settings = settings
        self._device = device
        shares = dict(settings.shares)
        self._orders: dict[Part, BatchOrder] = {
            part: BatchOrder(read_stream(streams_folder, part=part), shares, seed=settings.seed)
            for part in ("training", "held_out")
        }
        self._model = lay_over(Llama(settings.shape), shared.weights)
        self._loss_of = torch.compile(self._model, dynamic=False)

    def work(self, gradient: Tensor) -> None:
        """Add the gradients of micro-batches to the flat fp32 sum until none is left in this step."""
        count = self._settings.tokens_per_step // self._settings.tokens_per_micro_batch
        sums = _views(gradient, self._model)
        while (number := self._take()) < count:
            loss = self._loss(self._shared.step.value * count + number, part="training") / count
            loss.backward()
            for weight, total in zip(self._model.parameters(), sums, strict=True):
                if weight.grad is not None:
                    total.add_(weight.grad)
                weight.grad = None
            self._shared.losses[number] = loss.detach()

    def held_out_loss(self, *, num_micro_batches: int) -> float:
        """Measure the loss in nats per token on a fixed part of the held-out streams."""
        losses = [float(self._loss(number, part="held_out").detach()) for number in range(num_micro_batches)]
        return sum(losses) / num_micro_batches

    def _take(self) -> int:
        with self._shared.next_micro_batch.get_lock():
            number = self._shared.next_micro_batch.value
            self._shared.next_micro_batch.value += 1
        return number

    def _loss(self, number: int, *, part: Part) -> Tensor:
        length = self._shared.length.value
        num_sequences = self._settings.tokens_per_micro_batch // length
        batch = self._orders[part].batch(number, num_sequences=num_sequences, length=length)
        tokens = torch.from_numpy(batch).to(self._device)
        rotary = rotary_tables(length, self._settings.shape, device=self._device)
        losses: Tensor = self._loss_of(tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous(), *rotary)
        return losses.mean()


def lay_over(model: Llama, flat: Tensor) -> Llama:
    """Make the model's parameters views of a flat tensor; their old values are dropped."""
    for weight, view in zip(model.parameters(), _views(flat, model), strict=True):
        weight.data = view
    return model


def _views(flat: Tensor, model: Llama) -> list[Tensor]:
    sizes = [weight.numel() for weight in model.parameters()]
    return [part.view(weight.shape) for part, weight in zip(flat.split(sizes), model.parameters(), strict=True)]


def count_weights(shape: ModelShape) -> int:
    """Count the model's parameters, the tied embedding once."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in Llama(shape).parameters())


class GradientPool:
    """The main process's share of the work and the processes that help it."""

    def __init__(self, settings: RunSettings, streams_folder: Path, *, num_workers: int, device: torch.device) -> None:
        """Start `num_workers` processes; with 0 the main process does everything and results repeat bit for bit."""
        context = torch.multiprocessing.get_context("spawn")
        size = count_weights(settings.shape)
        weights = torch.zeros(size, dtype=torch.bfloat16, device=device)
        gradients = torch.zeros(num_workers + 1, size, device=device)
        losses = torch.zeros(settings.tokens_per_step // settings.tokens_per_micro_batch)
        if num_workers:
            torch.set_num_threads(1)
            for tensor in (weights, gradients, losses):
                tensor.share_memory_()
        self._shared = _Shared(
            weights,
            gradients,
            losses,
            context.Value("q", 0),
            context.Value("i", 0),
            context.Value("i", 0),
            context.Semaphore(0),
            context.Semaphore(0),
        )
        self._processes = [
            context.Process(target=_serve, args=(self._shared, settings, streams_folder, rank + 1), daemon=True)
            for rank in range(num_workers)
        ]
        for process in self._processes:
            process.start()
        self._own = MicroBatches(self._shared, settings, streams_folder, device=device)

    def step(self, weights: Tensor, *, step: int, length: int) -> tuple[Tensor, float]:
        """Compute the mean gradient of one step.

        Args:
            weights: flat fp32 weights, rounded to bf16 for the computation.
            step: which step's data to read.
            length: the sequence length.

        Returns:
            The flat fp32 gradient and the mean loss in nats per token.

        Raises:
            RuntimeError: if a helping process has died.
        """
        shared = self._shared
        shared.weights.copy_(weights)
        shared.gradients.zero_()
        shared.step.value, shared.length.value, shared.next_micro_batch.value = step, length, 0
        for _ in self._processes:
            shared.start.release()
        self._own.work(shared.gradients[0])
        for _ in self._processes:
            while not shared.done.acquire(timeout=_PATIENCE_SECONDS):
                if not all(process.is_alive() for process in self._processes):
                    raise RuntimeError("a gradient process died; start again to continue from the checkpoint")
        return shared.gradients.sum(0), float(shared.losses.sum())

    def held_out_loss(self, weights: Tensor, *, length: int, num_micro_batches: int) -> float:
        """Measure the held-out loss in the main process."""
        self._shared.weights.copy_(weights)
        self._shared.length.value = length
        return self._own.held_out_loss(num_micro_batches=num_micro_batches)


def _serve(shared: _Shared, settings: RunSettings, streams_folder: Path, rank: int) -> None:
    """Help with each step until the parent is gone."""
    parent = os.getppid()
    torch.set_num_threads(1)
    micro_batches = MicroBatches(shared, settings, streams_folder, device=torch.device("cpu"))
    while os.getppid() == parent:
        if shared.start.acquire(timeout=_PATIENCE_SECONDS):
            micro_batches.work(shared.gradients[rank])
            shared.done.release()
