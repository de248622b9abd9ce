"""How fast this machine multiplies matrices, and how many multiplications a useful token needs at least."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.train.material import SHAPES, Material

SECONDS_EACH = 1.0
LORA_RANK = 16


def probe(shape: str, num_threads: int) -> dict[str, dict[str, float]]:
    """Return the best rate of a large square product and of the shape's widest layer, GFLOP a second."""
    import torch

    torch.set_num_threads(num_threads)
    torch.manual_seed(0)
    hidden, inner = SHAPES[shape]["hidden_size"], SHAPES[shape]["intermediate_size"]
    rates: dict[str, dict[str, float]] = {}
    for name, dtype in {"float32": torch.float32, "bfloat16": torch.bfloat16}.items():
        for label, (rows, inputs, outputs) in {
            "square": (1024, 1024, 1024),
            "layer": (2048, hidden, 2 * inner),
        }.items():
            left, right = torch.randn(rows, inputs, dtype=dtype), torch.randn(outputs, inputs, dtype=dtype)
            out = torch.empty(rows, outputs, dtype=dtype)

            def product(left: Any = left, right: Any = right, out: Any = out) -> None:
                torch.mm(left, right.T, out=out)

            rates[f"{name}-{label}"] = _best_rate(product, 2.0 * rows * inputs * outputs)
    return rates


def _best_rate(product: Callable[[], None], flops: float) -> dict[str, float]:
    """The fastest of many, by the wall and by the processor: what disturbs a product only ever slows it."""
    product()
    wall, cpu = [], []
    deadline = time.perf_counter() + SECONDS_EACH
    while time.perf_counter() < deadline or len(wall) < 3:
        began, used = time.perf_counter(), time.process_time()
        product()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
    return {"gflops": flops / min(wall) / 1e9, "gflops_per_cpu_second": flops / min(cpu) / 1e9}


def needed_flops(material: Material, method: str) -> float:
    """Floating-point operations that one useful token needs, averaged over the rows.

    Counted: products with weights forward and backward (those with the gradient of a weight only where it is trained),
    the adapter's, causal attention within the row, and logits where there is a label. Not counted: recomputation,
    padding, logits that nobody asks for, and everything that is not a matrix product.
    """
    shape = SHAPES[material.shape]
    hidden, inner, layers = shape["hidden_size"], shape["intermediate_size"], shape["num_hidden_layers"]
    key_value = hidden // shape["num_attention_heads"] * shape["num_key_value_heads"]
    linears = [(hidden, hidden)] * 2 + [(hidden, key_value)] * 2 + [(hidden, inner)] * 3
    weights = layers * sum(inputs * outputs for inputs, outputs in linears)
    low_rank = layers * sum(LORA_RANK * (inputs + outputs) for inputs, outputs in linears)
    with material.rows.open() as file:
        rows = [json.loads(line)["labels"] for line in file]
    num_tokens = sum(map(len, rows))
    label_share = sum(label >= 0 for row in rows for label in row) / num_tokens
    seen = sum(len(row) * (len(row) + 1) / 2 for row in rows) / num_tokens
    attention = layers * 12.0 * hidden * seen
    passes = 2 if method == "lora" else 3
    head = 2.0 * passes * hidden * shape["vocab_size"] * label_share
    return 2.0 * passes * weights + attention + head + (6.0 * low_rank if method == "lora" else 0.0)


if __name__ == "__main__":
    print(json.dumps(probe(sys.argv[1], int(sys.argv[2]))))
