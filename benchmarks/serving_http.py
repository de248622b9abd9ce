"""Load over HTTP: our endpoint, `llama-cpp-python`'s own server and plain `transformers` in one run.

`python -m benchmarks.tools llama-cpp-python` once, then `python -m benchmarks.serving_http [--streams 1,4,16,64]
[--tokens 32] [--rounds 3] [--model FOLDER]`. The same model in float32 (transformers) and as GGUF of 16 bits
(llama.cpp), by the same client, in turns, round by round: our endpoint with its gateway, key, log and defaults before
either engine; the peer's server as it starts, but told not to cut a stream off when another request comes, which is its
default; and `generate` for one request after the other, on one thread, without HTTP. Each answer is tagged
(`benchmarks.tagged`). At last 200 streams at once ask our endpoint: each is answered, or refused with 429.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.tagged import Answered, Endpoint, Tag, ask_all, prompt_of, tags_of
from benchmarks.tools import tool_python

BUNDLED = Path(__file__).resolve().parent.parent / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"
OURS, OURS_GGUF = "our endpoint, transformers", "our endpoint, llama.cpp"
PEER, PLAIN = "llama-cpp-python's server", "transformers, one by one"
NUM_CROWD = 200
START_SECONDS = 300.0
SETTINGS = "requests_per_minute: 100000\nqueue_seconds: 600\n"


def serve(model: Path, home: Path) -> None:
    """Serve a release of a model until the input ends; runs in a process of its own."""
    from tests.serving.endpoint import Served, Workspace

    workspace = Workspace(home)
    (home / "config" / "endpoints.yaml").write_text(SETTINGS)
    workspace.promote(workspace.release(model))
    with Served(workspace) as served:
        served.wait_ready(1)
        unit = served.workspace.house.fleet.routing.routes()["support"].live
        pid = unit.ready.pid if unit is not None and unit.ready is not None else 0
        print(json.dumps({"address": served.address, "key": workspace.key(), "pid": pid}), flush=True)
        sys.stdin.read()


@contextmanager
def our_endpoint(model: Path, home: Path) -> Iterator[tuple[Endpoint, list[int]]]:
    """Yield where it answers, and the processes of server and model."""
    command = [sys.executable, "-m", "benchmarks.serving_http", "--serve", str(model), str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        try:
            yield Endpoint(told["address"], told["key"], "support"), [process.pid, told["pid"]]
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(START_SECONDS)


@contextmanager
def peer_server(model: Path, num_context: int) -> Iterator[Endpoint]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["--model", str(model), "--port", str(port), "--n_ctx", str(num_context), "--logits_all", "false"]
    settings += ["--interrupt_requests", "false", "--verbose", "false"]
    command = [str(tool_python("llama-cpp-python")), "-m", "llama_cpp.server", *settings]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/v1/models", process)
            yield Endpoint(f"http://127.0.0.1:{port}", "none", "model")
        finally:
            process.terminate()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own address
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the peer's server did not start; it ended with {process.poll()}")


class Plain:
    """`generate`, one request after the other."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(1)  # on a shared machine several wait for each other; the peer's server has one, too
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)

    def ask_all(self, tags: Sequence[Tag], num_tokens: int) -> tuple[float, list[Answered]]:
        import torch

        began_at, answers = time.perf_counter(), []
        for number, tag in enumerate(tags):
            asked = [{"role": "user", "content": prompt_of(tag, number)}]
            ids = self.tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt")[
                "input_ids"
            ]
            first = _First(began_at)
            with torch.inference_mode():
                made = self.model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    do_sample=False,
                    max_new_tokens=num_tokens,
                    sequence_bias=[[[tag.token], 100.0]],
                    streamer=first,
                )
            text = self.tokenizer.decode(made[0, ids.shape[1] :])
            whole = time.perf_counter() - began_at
            answers.append(Answered(tag, 200, text, first.at, whole, is_whole=True))
        return time.perf_counter() - began_at, answers


class _First:
    """Hears when the first token comes, after the prompt."""

    def __init__(self, began_at: float) -> None:
        self.at, self._began_at, self._num_heard = 0.0, began_at, 0

    def put(self, _: Any) -> None:
        self._num_heard += 1
        if self._num_heard == 2:
            self.at = time.perf_counter() - self._began_at

    def end(self) -> None:
        """Nothing."""


def files_of(model: Path, folder: Path) -> tuple[Path, Path]:
    """Write the model in float32, and as GGUF of 16 bits."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from brewslm.worker.llama.writing import write_gguf

    loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(model)
    whole, file = folder / "model", folder / "model.gguf"
    loaded.save_pretrained(whole)
    tokenizer.save_pretrained(whole)
    write_gguf(loaded, tokenizer, file, quantization="f16", name="model")
    return whole, file


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def row(way: str, num_tokens: int, rounds: Sequence[tuple[float, list[Answered]]], base: float) -> str:
    answers = [answer for _, round_ in rounds for answer in round_]
    middle = statistics.median(seconds for seconds, _ in rounds)
    rate = len(rounds[0][1]) * num_tokens / middle
    right = sum(answer.is_right(num_tokens) for answer in answers)
    first, whole = [one.first for one in answers if one.first], [one.whole for one in answers if one.whole]
    spans = " | ".join(
        f"{percentile(values, share):.2f} s" if values else "-" for values in (first, whole) for share in (0.5, 0.99)
    )
    return f"| {len(rounds[0][1])} | {way} | {rate:.0f} | {base / middle:.2f} | {spans} | {right} of {len(answers)} |"


def memory_of(pid: int) -> float:
    """What a process holds, MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def crowd(endpoint: Endpoint, pids: Sequence[int], tags: Sequence[Tag], num_tokens: int) -> str:
    before = [memory_of(pid) for pid in pids]
    seconds, answers = ask_all(endpoint, tags, num_tokens)
    after = [memory_of(pid) for pid in pids]
    right = sum(one.is_right(num_tokens) for one in answers)
    refused = sum(one.status == 429 and one.retry_after is not None for one in answers)
    grown = ", ".join(f"{was:.0f} to {now:.0f} MB" for was, now in zip(before, after, strict=True))
    lost = len(tags) - right - refused
    return (
        f"{len(tags)} streams at once: {right} answered, each with its own tag, {refused} refused with 429 and "
        f"Retry-After, {lost} lost or mixed up; {seconds:.1f} s; memory of server and model's process: {grown}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=BUNDLED)
    parser.add_argument("--streams", default="1,4,16,64")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=2, type=Path, metavar=("MODEL", "HOME"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(*asked.serve)
        return
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder, file = files_of(asked.model, Path(place))
        ours, pids = stack.enter_context(our_endpoint(folder, Path(place) / "home"))
        ours_gguf, _ = stack.enter_context(our_endpoint(file, Path(place) / "home-gguf"))
        peer, plain = stack.enter_context(peer_server(file, 1024)), Plain(folder)
        ways: dict[str, Callable[[Sequence[Tag], int], tuple[float, list[Answered]]]] = {
            OURS: lambda tags, number: ask_all(ours, tags, number),
            OURS_GGUF: lambda tags, number: ask_all(ours_gguf, tags, number),
            PEER: lambda tags, number: ask_all(peer, tags, number),
            PLAIN: plain.ask_all,
        }
        tags = tags_of(plain.tokenizer, NUM_CROWD)
        for ask in ways.values():
            ask(tags[:2], asked.tokens)  # so that nothing is measured for the first time
        print(f"{asked.model.name}: {asked.tokens} tokens each; median of {asked.rounds} rounds, times of all answers")
        print("| streams | way | tokens/s | of one by one | first p50 | p99 | whole p50 | p99 | own answers |")
        print("|---|---|---|---|---|---|---|---|---|")
        for num_streams in map(int, asked.streams.split(",")):
            rounds: dict[str, list[tuple[float, list[Answered]]]] = {way: [] for way in ways}
            for _ in range(asked.rounds):
                for way, ask in ways.items():
                    rounds[way].append(ask(tags[:num_streams], asked.tokens))
            base = statistics.median(seconds for seconds, _ in rounds[PLAIN])
            for way, seen in rounds.items():
                print(row(way, asked.tokens, seen, base), flush=True)
        print("\n" + crowd(ours, pids, tags, asked.tokens))


if __name__ == "__main__":
    main()
