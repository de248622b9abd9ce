"""A worker in whose training a number turns bad, memory runs out or a step freezes, once, where a switch says so."""

import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.chaos.victim import switches

FIRST_ATTEMPT = "1"


def arm(step: int, fault: str) -> None:
    """Let the training meet this fault in this step."""
    import torch

    from brewslm.worker.train import loop

    training: Any = loop._Training
    plain = training._add_gradients
    done: list[int] = []

    def add_gradients(self: Any, now: int, batch: Any, *, scale: float) -> float:
        if now != step or done:
            return float(plain(self, now, batch, scale=scale))
        done.append(now)
        if fault == "frozen":
            while True:
                time.sleep(3600)
        if fault == "out_of_memory":
            objective, whole = self.objective, self.objective.add_gradients

            def fails(*_words: Any, **_names: Any) -> float:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

            objective.add_gradients = fails
            try:
                return float(plain(self, now, batch, scale=scale))
            finally:
                objective.add_gradients = whole
        loss = float(plain(self, now, batch, scale=scale))
        for weight in self.model.parameters():
            if weight.grad is not None:
                weight.grad.fill_(float("nan"))
        return loss * float("nan")

    training._add_gradients = add_gradients


def work(arguments: list[str]) -> int:
    """Do what `brewslm.worker` does, but for the fault that is switched on."""
    from brewslm.worker.__main__ import main

    run_directory, attempt = Path(arguments[0]), arguments[1]
    home = next(parent for parent in run_directory.parents if parent.name == "home")
    wanted = switches(home)
    if attempt == FIRST_ATTEMPT and run_directory.name.startswith("exp-") and "fault" in wanted:
        arm(int(wanted["step"]), wanted["fault"])
    return main(arguments)


if __name__ == "__main__":
    gc.disable()
    os._exit(work(sys.argv[1:]))
