"""Which code does which order. Each kind loads only what it needs."""

import gc
import os
from pathlib import Path
from typing import assert_never

from brewslm.core.wire.order import (
    EvaluateOrder,
    ExportOrder,
    GenerateOrder,
    MeasureOrder,
    Order,
    ProbeOrder,
    TrainOrder,
)
from brewslm.core.wire.result import Result
from brewslm.worker.run import Run


def execute(order: Order, run: Run) -> Result | None:
    """Do the work of an order; its failures are those of the kind. None in a process that only helped another."""
    import torch

    torch.set_num_threads(num_threads())
    from brewslm.worker.models import quiet_libraries

    quiet_libraries()
    match order:
        case TrainOrder():
            from brewslm.worker.train.loop import train

            _settle()
            return train(order, run)
        case EvaluateOrder():
            from brewslm.worker.evaluate.evaluation import evaluate
            from brewslm.worker.train.checkpoints.keeping import reading

            _settle()
            with reading(Path(order.tuned_folder).parent):
                return evaluate(order, run)
        case ExportOrder():
            from brewslm.worker.export.exporting import export
            from brewslm.worker.train.checkpoints.keeping import reading

            _settle()
            with reading(Path(order.tuned_folder).parent):
                return export(order, run)
        case GenerateOrder():
            from brewslm.worker.answers.generation import answer_order
            from brewslm.worker.train.checkpoints.keeping import reading

            _settle()
            with reading(Path(order.tuned_folder or order.model_folder).parent):
                return answer_order(order, run)
        case MeasureOrder():
            from brewslm.worker.export.measuring import measure
            from brewslm.worker.train.checkpoints.keeping import reading

            _settle()
            with reading(Path(order.tuned_folder).parent):
                return measure(order, run)
        case ProbeOrder():
            from brewslm.worker.probe.probing import probe

            _settle()
            return probe(order, run)
        case _:
            assert_never(order)


def _settle() -> None:
    """Have the collector leave the libraries alone from now on, and do its work."""
    gc.freeze()
    gc.enable()


def num_threads() -> int:
    """Return how many threads to compute with: what the engine gives, at most the cores that we may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(given)) if given.isdigit() and int(given) > 0 else cores
