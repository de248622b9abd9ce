"""Passes through a sharded model: as many in each process, since each is an exchange with the others."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from brewslm.worker.models import AnyModel
from brewslm.worker.processes import Processes
from brewslm.worker.sharding.weights import is_sharded

T = TypeVar("T")


def in_lockstep(
    model: AnyModel, batches: Sequence[T], processes: Processes, *, idle: Callable[[], object]
) -> Iterator[T]:
    """Yield this process's batches; after them, make an `idle` pass for each that a busier process has more.

    Where the model is not sharded, processes need not keep in step, and no idle pass is made.
    """
    num_passes = processes.most(len(batches)) if is_sharded(model) else len(batches)
    yield from batches
    for _ in range(num_passes - len(batches)):
        idle()
