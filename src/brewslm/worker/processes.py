"""The processes of one training: what they do together.

A process learns its place from the environment variables of `torch.distributed` (RANK, WORLD_SIZE, LOCAL_RANK,
MASTER_ADDR, MASTER_PORT), whoever has set them. Each takes its share of every optimiser step's examples, and adds its
gradients to those of the others; so the step is the one that a single process makes. Each holds the same weights and
adds once a step, or, in `worker.sharding`, holds a part of them and adds after each micro-batch.
"""

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor
from torch._C._distributed_c10d import TCPStore

from brewslm.worker.failure import BadOrderError

TIMEOUT = timedelta(seconds=60)
"""How long one process waits for the others before it gives the training up."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The place of this process among those of a training; alone, everything here changes nothing."""

    rank: int = 0
    num: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process keeps the journal and writes the files."""
        return self.rank == 0

    def share(self, examples: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the part of a batch that this process takes, in the order of the batch.

        Examples are dealt out longest first, back and forth, so that all have about as many tokens.

        Args:
            examples: [num_examples], of the batch.
            lengths: [num_examples], their tokens.
        """
        if self.num == 1:
            return examples
        places: NDArray[np.int64] = np.argsort(-lengths, kind="stable")
        turn = np.arange(len(places)) % (2 * self.num)
        dealt_to = np.minimum(turn, 2 * self.num - 1 - turn)
        mine: NDArray[np.int64] = examples[np.sort(places[dealt_to == self.rank])]
        return mine

    @contextmanager
    def first_then_others(self) -> Iterator[None]:
        """Let the first process do something before the others do it."""
        if not self.is_first:
            self.total(0.0)
        yield
        if self.is_first:
            self.total(0.0)

    def total(self, *values: float) -> list[float]:
        """Return the sum of each value over all processes."""
        if self.num == 1:
            return list(values)
        summed = torch.tensor(values, dtype=torch.float64, device=_device())
        dist.all_reduce(summed)
        return summed.tolist()

    def most(self, count: int) -> int:
        """Return the largest of the counts of all processes."""
        if self.num == 1:
            return count
        largest = torch.tensor(count, device=_device())
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        return int(largest.item())

    def any(self, *flags: bool) -> list[bool]:
        """Return of each flag whether it is set in any process; all get the same answer."""
        return [count > 0 for count in self.total(*map(float, flags))]

    def add_up(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the element-wise sum of an array over all processes."""
        if self.num == 1:
            return values
        summed = torch.from_numpy(values).to(_device())
        dist.all_reduce(summed)
        return summed.cpu().numpy()

    def add_up_gradients(self, weights: Iterable[Tensor]) -> None:
        """Replace the gradients of these weights by their sums over all processes, in one exchange.

        A weight without a gradient in this process counts as zero, since it may have one in another.
        """
        if self.num == 1:
            return
        trained = list(weights)
        for weight in trained:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        gradients = [weight.grad for weight in trained if weight.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        pieces = flat.split([gradient.numel() for gradient in gradients])
        for gradient, piece in zip(gradients, pieces, strict=True):
            gradient.copy_(piece.view_as(gradient))


ALONE = Processes()


def join() -> Processes:
    """Join the processes that the environment names; alone where it names none.

    Raises:
        BadOrderError: the environment is incomplete.
        RuntimeError: the others did not come in time.
    """
    num = int(os.environ.get("WORLD_SIZE", "1"))
    if num == 1:
        return ALONE
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise BadOrderError(f"WORLD_SIZE is {num}, but {missing[0]} is not set; set it for each process.")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    rank = int(os.environ["RANK"])
    dist.init_process_group(
        "nccl" if torch.cuda.is_available() else "gloo",
        store=_store(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), rank=rank, num=num),
        rank=rank,
        world_size=num,
        timeout=TIMEOUT,
    )
    return Processes(dist.get_rank(), dist.get_world_size())


def _store(address: str, port: int, *, rank: int, num: int) -> TCPStore:
    """Return where the processes find each other. The first one listens at that address and at no other of its machine.

    Raises:
        RuntimeError: the others did not come in time, or somebody else listens there.
    """
    if rank != 0:
        return TCPStore(address, port, num, is_master=False, timeout=TIMEOUT)
    listening = socket.create_server((address, port))
    return TCPStore(address, port, num, is_master=True, timeout=TIMEOUT, master_listen_fd=listening.detach())


def _device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
