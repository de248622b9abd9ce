"""How far a bundle's model in vLLM is from the model that was tuned: text, tokens, log-probs, answers.

`python -m benchmarks.vllm_peer --python ENVIRONMENT/bin/python [FAMILY ...]`, with an environment that has vLLM for
this machine's CPU or GPU: tiny models from their configurations, with adapters at random, exported as `huggingface` in
float32. With `--order FILE` a real export instead, by its worker's `order.json`. Last, what was planted wrong on
purpose: exit code 1 where that passes, or where anything else does not.
"""

import argparse
import functools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import torch

from benchmarks.gguf_peer import (
    Peer,
    all_caught,
    compared_in,
    family_order,
    judged,
    row,
    written,
)
from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.result import ExportResult
from brewslm.worker.answers.chat import Chat
from brewslm.worker.models import quiet_libraries
from tests.worker.llama_families import FAMILIES

SCRIPT = Path(__file__).parent / "peers" / "vllm_model.py"
WIDE = {"hidden_size": 128, "intermediate_size": 192, "head_dim": 32}
"""vLLM's attention takes heads of 32 columns and more."""


@contextmanager
def loaded(python: Path, model: Path, num_places: int, dtype: str, stops: frozenset[int]) -> Iterator[Peer]:
    """Start the peer; what it prints is shown where it ends."""
    command = [str(python), str(SCRIPT), str(model), str(num_places), dtype]
    with tempfile.TemporaryFile() as log:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        with subprocess.Popen(command, text=True, **pipes) as process:
            try:
                yield Peer(process, stops)
            except ValueError as error:
                log.seek(0)
                raise RuntimeError(log.read().decode(errors="replace")[-9000:]) from error
            finally:
                process.stdin.close() if process.stdin is not None else None
                process.wait(60)


def compared(python: Path, order: ExportOrder, dtype: str) -> ExportResult:
    """Compare the model that an export has written with what was tuned."""

    def opened(tuned: Any, chat: Chat, _: int) -> AbstractContextManager[Peer]:
        num_places = int(tuned.config.max_position_embeddings)
        return loaded(python, Path(order.output_folder) / "model", num_places, dtype, chat.stops)

    result, about = compared_in(opened, order, dtype)
    return result.model_copy(update={"runtime": f"vLLM {about['version']}"})


def wide_order(root: Path, family: str) -> ExportOrder:
    """A tiny model of a family that vLLM takes."""
    return family_order(root, family, format_="huggingface", **WIDE)


def real_order(path: Path) -> ExportOrder:
    """What a worker was told."""
    return ExportOrder.model_validate_json(path.read_text())


def planted(python: Path, harm: Callable[[Any, Any], None], root: Path) -> ExportResult:
    """Do harm to what was written."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    order, dtype = written(wide_order(root, "llama"), root, None)
    folder = Path(order.output_folder) / "model"
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    harm(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return compared(python, order, dtype)


def main() -> int:
    """Print a row for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help="all of them by default")
    parser.add_argument("--python", type=Path, required=True, help="the interpreter of an environment with vLLM")
    parser.add_argument("--order", type=Path, action="append", default=[], help="order.json of an export")
    asked = parser.parse_args()
    quiet_libraries()
    torch.set_num_threads(1)
    is_good = True
    print("| model | form | same texts | loss tuned | in vLLM | log-probs: mean | most | greedy answers | passes |")
    print("|---|---|---|---|---|---|---|---|---|")
    for source in [*(asked.families or ([] if asked.order else FAMILIES)), *asked.order]:
        with tempfile.TemporaryDirectory() as place:
            order = real_order(source) if isinstance(source, Path) else wide_order(Path(place), source)
            result = compared(asked.python, *written(order, Path(place), None))
            is_good &= judged(result) is None
            name = Path(order.base_model).name if isinstance(source, Path) else source
            print(row(name, result, judged(result)), flush=True)
    is_good &= all_caught(functools.partial(planted, asked.python))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
