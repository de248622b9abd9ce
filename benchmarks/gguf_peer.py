"""How far a GGUF file of ours in `llama-cpp-python` is from the model that was tuned: text, tokens, log-probs, answers.

`python -m benchmarks.tools llama-cpp-python` once, then `python -m benchmarks.gguf_peer [FAMILY ...]`: tiny models from
their configurations, with adapters at random. With `--order FILE` instead a real export, by
its worker's `order.json`.
Last, what was planted wrong on purpose: exit code 1 where that passes, or where anything else does not.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from benchmarks.tools import tool_python
from brewslm.core.data.example import Message, chat_of
from brewslm.core.wire.export import GGUF_FILE, QUANTIZATIONS, ExportFormat, Quantization
from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.parity import problem_of
from brewslm.core.wire.result import ExportResult
from brewslm.worker.answers.chat import Chat, make_chat
from brewslm.worker.export import gguf as exporting_gguf
from brewslm.worker.export.comparing import parity_of, parity_shard, told, tuned_form
from brewslm.worker.export.exporting import export
from brewslm.worker.export.forms import TorchForm
from brewslm.worker.export.parity import NUM_NEW_TOKENS, compare
from brewslm.worker.export.texts import stop_problem, text_problem
from brewslm.worker.journal import Journal
from brewslm.worker.models import load_tokenizer, quiet_libraries
from brewslm.worker.run import Run
from tests.worker.llama_families import FAMILIES, write_llama_family
from tests.worker.test_llama import PROMPTS, adapted
from tests.worker.tiny import write_split

SCRIPT = Path(__file__).parent / "peers" / "llama_cpp_python.py"


@dataclass(frozen=True)
class Peer:
    """A file that llama-cpp-python has loaded; what parity asks of a runtime."""

    process: subprocess.Popen[str]
    stops: frozenset[int]

    def ask(self, what: str, **words: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"ask": what, **words}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def render(self, messages: Sequence[Message]) -> str:
        heard = self.ask("chat", messages=chat_of(messages))
        assert heard["tokens"] == self.token_ids(heard["text"]), "its chat handler adds tokens of its own"
        return str(heard["text"])

    def token_ids(self, text: str) -> list[int]:
        return list(self.ask("tokens", text=text))

    def ends_a_turn(self, token: int) -> bool:
        return bool(self.ask("ends", token=token))

    def losses(self, shard: Any) -> Any:
        found: list[float] = []
        for index in range(len(shard)):
            tokens, mask = shard.example(index)
            places = np.flatnonzero(mask).tolist()
            found += self.ask("losses", tokens=tokens.tolist(), places=places) if places else []
        return np.array(found)

    def answers(self, prompts: Sequence[list[int]], *, max_new_tokens: int) -> list[list[int]]:
        stops = sorted(self.stops)
        return [self.ask("answer", prompt=one, stops=stops, max_new_tokens=max_new_tokens) for one in prompts]


@contextmanager
def loaded(path: Path, num_places: int, stops: frozenset[int]) -> Iterator[Peer]:
    command = [str(tool_python("llama-cpp-python")), str(SCRIPT), str(path), str(num_places)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Peer(process, stops)
        finally:
            process.kill()


def compared(order: ExportOrder) -> ExportResult:
    """Compare the file that an export has written with what was tuned."""

    def opened(_: Any, chat: Chat, num_places: int) -> AbstractContextManager[Peer]:
        return loaded(Path(order.output_folder) / GGUF_FILE, num_places, chat.stops)

    result, about = compared_in(opened, order, order.quantization or "q8_0")
    return result.model_copy(update={"runtime": f"llama-cpp-python {about['version']}, {about['chat_format']}"})


def compared_in(
    opened: Callable[[Any, Chat, int], AbstractContextManager[Peer]], order: ExportOrder, dtype: str
) -> tuple[ExportResult, dict[str, Any]]:
    """Compare as the export does, but by a peer, which is opened for what was tuned, its chat, and so many places.

    Return what the peer says of itself, too.
    """
    tuned, tokenizer = tuned_form(order), load_tokenizer(order.base_model)
    chat, shard = make_chat(tokenizer, tuned.generation_config), parity_shard(order, tuned)
    prompts = [chat.prompt_ids(messages) for messages in order.parity_prompts]
    num_places = max(int(shard.lengths.max()), *(len(prompt) + NUM_NEW_TOKENS for prompt in prompts), 64)
    with opened(tuned, chat, num_places) as peer:
        num_texts, problem = text_problem(peer, peer.render, chat, order.parity_prompts)
        ends = exporting_gguf.ends_of(tuned.generation_config, tokenizer.eos_token_id)
        problem = problem or stop_problem(peer, chat, ends)
        found = compare(TorchForm(tuned, chat.stops), peer, shard=shard, chat=chat, prompts=prompts)
        about: dict[str, Any] = peer.ask("about")
    return told(found, chat, dtype=dtype, runtime="", num_texts=num_texts, text_problem=problem), about


def family_order(root: Path, family: str, *, format_: ExportFormat = "gguf", **changes: Any) -> ExportOrder:
    """A tiny model of a family, and an adapter for it."""
    base = write_llama_family(root / "base", family, **changes)
    adapted(base, root / "adapter")
    write_split(root / "rows", 24, seed=4)
    return ExportOrder(
        base_model=str(base),
        tuned_folder=str(root / "adapter"),
        output_folder=str(root / "export" / "output"),
        format=format_,
        parity_folder=str(root / "rows"),
        parity_prompts=PROMPTS,
    )


def written(order: ExportOrder, root: Path, quantization: Quantization | None) -> tuple[ExportOrder, str]:
    """Export as a worker does; return the number format, too."""
    folder = root / "export"
    folder.mkdir(exist_ok=True)
    changed = order.model_copy(update={"output_folder": str(folder / "output"), "quantization": quantization})
    return changed, export(changed, Run(folder, 1, Journal(folder / "log.jsonl", attempt=1))).dtype


def row(name: str, result: ExportResult, problem: str | None) -> str:
    first, passes = result.first_difference, problem or "yes"
    answers = "same" if first is None else f"part at token {first.position + 1} (tie of {first.margin:.3f})"
    return (
        f"| {name} | {result.dtype} | {result.num_texts} | {result.adapter_loss:.4f} | {result.merged_loss:.4f} "
        f"| {result.mean_logprob_difference:.5f} | {result.largest_logprob_difference:.4f} | {answers} | {passes} |"
    )


def judged(result: ExportResult) -> str | None:
    return problem_of(parity_of(result), result.dtype)


def swapped_tensors(model: Any, _: Any) -> None:
    one, other = (layer.self_attn.v_proj.weight for layer in model.model.layers[:2])
    one.data, other.data = other.data.clone(), one.data.clone()


def broken_template(_: Any, tokenizer: Any) -> None:
    tokenizer.chat_template = tokenizer.chat_template.replace("assistant\\n", "assistant: ")


def planted(harm: Callable[[Any, Any], None], root: Path) -> ExportResult:
    """Do harm to what is written, not to what it is compared with."""
    write = exporting_gguf.write_gguf

    def writing(model: Any, tokenizer: Any, *args: Any, **options: Any) -> None:
        template = tokenizer.chat_template
        harm(model, tokenizer)
        write(model, tokenizer, *args, **options)
        tokenizer.chat_template = template

    with patch.object(exporting_gguf, "write_gguf", writing):
        return compared(written(family_order(root, "llama"), root, "f16")[0])


def all_caught(harmed: Callable[[Callable[[Any, Any], None], Path], ExportResult]) -> bool:
    """Print a row for each harm that is done on purpose, and the runtime; return whether each was noticed."""
    is_caught = True
    for harm in (swapped_tensors, broken_template):
        with tempfile.TemporaryDirectory() as place:
            result = harmed(harm, Path(place))
            is_caught &= judged(result) is not None
            print(row(f"llama, {harm.__name__.replace('_', ' ')}", result, judged(result)), flush=True)
    print(f"\n{result.runtime}")
    return is_caught


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help="all of them by default")
    parser.add_argument("--order", type=Path, action="append", default=[], help="order.json of an export")
    asked = parser.parse_args()
    quiet_libraries()
    torch.set_num_threads(1)
    is_good = True
    print("| model | form | same texts | loss tuned | in the peer | log-probs: mean | most | greedy answers | passes |")
    print("|---|---|---|---|---|---|---|---|---|")
    real = [ExportOrder.model_validate_json(path.read_text()) for path in asked.order]
    for source in [*(asked.families or ([] if real else FAMILIES)), *real]:
        with tempfile.TemporaryDirectory() as place:
            is_real = isinstance(source, ExportOrder)
            name, order = (source.name, source) if is_real else (source, family_order(Path(place), source))
            for quantization in QUANTIZATIONS:
                result = compared(written(order, Path(place), quantization)[0])
                is_good &= judged(result) is None
                print(row(name, result, judged(result)), flush=True)
    is_good &= all_caught(planted)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
