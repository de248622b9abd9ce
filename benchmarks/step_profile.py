"""Where a training step's time goes on the fast path, and what share of the matmul ceiling it reaches.

Run `OMP_NUM_THREADS=1 THP_MEM_ALLOC_ENABLE=1 python -m benchmarks.step_profile [--shape 30m] [--method lora]
[--tokens 2048] [--rounds 5]`. All times are of the processor, with one thread; of the rounds the quickest counts, since
what disturbs a step only ever slows it. Ceiling: the best rate of one large product before or after the steps.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from benchmarks.fast_path import new_batch, new_model
from benchmarks.train.ceiling import LORA_RANK, probe
from benchmarks.train.material import METHODS, SHAPES
from brewslm.worker.operations.interface import Operations
from brewslm.worker.operations.native import native_operations
from brewslm.worker.train.fast.choice import kernel_folder
from brewslm.worker.train.fast.path import FastPath

THIN = 7 * LORA_RANK
"""A product with a side of at most this has low-rank factors in it: all adapters of a block at most."""
PRODUCTS = {"mm", "addmm"}
PARTS = {
    "add_norm": "norms",
    "norm": "norms",
    "rotate": "rotary angles",
    "attend": "attention",
    "swiglu": "SwiGLU",
    "cross_entropy": "cross-entropy",
}


class Account:
    """Seconds of the processor and floating-point operations by name."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.flops: Counter[str] = Counter()
        self._depth = 0

    def clocked(self, name: str, function: Callable[..., Any], *, flops: int = 0) -> Callable[..., Any]:
        """The same function; what it calls of what is clocked too counts as its own."""

        def call(*args: Any, **options: Any) -> Any:
            if self._depth:
                return function(*args, **options)
            self._depth += 1
            began = time.process_time()
            try:
                return function(*args, **options)
            finally:
                self.seconds[name] += time.process_time() - began
                self.flops[name] += flops
                self._depth -= 1

        return call

    def operations(self, these: Operations) -> Operations:
        """The same operations, clocked."""
        names = [field.name for field in fields(these) if field.name != "name"]
        clocked = {name: self.clocked(PARTS[name.removesuffix("_backward")], getattr(these, name)) for name in names}
        return Operations(name=these.name, **clocked)


class ProductClock(TorchFunctionMode):
    """Clocks every matrix product that is called from Python, by what it is for."""

    def __init__(self, account: Account, vocab_size: int) -> None:
        super().__init__()
        self._account, self._vocab_size = account, vocab_size

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        options = dict(kwargs or {})
        if getattr(func, "__name__", "") not in PRODUCTS:
            return func(*args, **options)
        left, right = args[-2:]
        sides = (left.shape[0], left.shape[1], right.shape[1])
        name = "logits" if self._vocab_size in sides else "low-rank" if min(sides) <= THIN else "products"
        return self._account.clocked(name, func, flops=2 * sides[0] * sides[1] * sides[2])(*args, **options)


def take_steps(model: Any, path: FastPath, batch: Any, account: Account, rounds: int) -> tuple[float, Account]:
    """Return the seconds of the quickest step, gradients and optimiser, and where they went."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-4, weight_decay=0.0, fused=True)

    def optimise() -> None:
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    steps = []
    for _ in range(rounds + 1):
        account.seconds.clear()
        account.flops.clear()
        began = time.process_time()
        path.add_gradients(batch, scale=1 / batch.num_labels)
        account.clocked("optimiser", optimise)()
        account.clocked("merging", path.weights_changed)()
        seconds = time.process_time() - began
        steps.append((seconds, Counter(account.seconds), Counter(account.flops)))
    seconds, account.seconds, account.flops = min(steps[1:], key=lambda step: step[0])
    return seconds, account


def attention_flops(lengths: list[int], hidden_size: int, num_layers: int) -> int:
    """Two products forward and five backward (scores are made again) of what causality leaves."""
    return sum(7 * length * (length + 1) * hidden_size * num_layers for length in lengths)


def best_rate(shape: str) -> float:
    """GFLOP per second of the processor of one large product in float32."""
    found = probe(shape, 1)
    return max(rates["gflops_per_cpu_second"] for name, rates in found.items() if name.startswith("float32"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="30m")
    parser.add_argument("--method", choices=METHODS, default="lora")
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    shape, account = SHAPES[chosen.shape], Account()
    model = new_model(chosen.shape, chosen.method)
    path = FastPath(model, account.operations(native_operations(kernel_folder())), dtype=torch.float32)
    ceiling = best_rate(chosen.shape)
    with tempfile.TemporaryDirectory() as folder:
        batch = new_batch(chosen.shape, chosen.tokens, Path(folder))
        with ProductClock(account, shape["vocab_size"]):
            seconds, account = take_steps(model, path, batch, account, chosen.rounds)
    starts = torch.nonzero(batch.position_ids[0, : batch.num_tokens] == 0)[:, 0].tolist()
    lengths = [end - start for start, end in zip(starts, [*starts[1:], batch.num_tokens], strict=True)]
    account.flops["attention"] = attention_flops(lengths, shape["hidden_size"], shape["num_hidden_layers"])
    account.seconds["all else"] = seconds - account.seconds.total()
    ceiling = max(ceiling, best_rate(chosen.shape))
    reached = account.flops.total() / seconds / 1e9
    print(f"{chosen.shape} {chosen.method}: {batch.num_tokens} tokens, {batch.num_labels} labels, {seconds:.2f} s")
    print(f"{batch.num_tokens / seconds:.0f} tokens/s; {reached:.1f} of {ceiling:.1f} GFLOP/s: {reached / ceiling:.0%}")
    for name, used in account.seconds.most_common():
        rate = f"{account.flops[name] / used / 1e9:5.0f} GFLOP/s" if account.flops[name] else ""
        print(f"  {name:14} {used / seconds:6.1%} {rate}")


if __name__ == "__main__":
    main()
