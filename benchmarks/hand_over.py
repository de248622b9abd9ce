"""Bundles in the runtimes that they are handed to: compared with the bundle, swapped, and asked through the gateway.

    python -m benchmarks.hand_over --vllm ENVIRONMENT/bin/vllm [--vllm-option=--enforce-eager] [--streams 1,16]
        [--compose "docker compose"] [--lm-eval]

One life is led with the bundled model. Each bundle is started by the launch note that it brings, and `brewslm deploy
--at` compares it: as `huggingface` and as `adapter` in vLLM (which needs a package built for this machine's CPU or
GPU), with `--compose` by its compose file, too, as GGUF in llama.cpp's own server. In place of the model the untuned
base is put then, which must be refused. At last both vLLM itself and the gateway before it are asked by many streams
at once, in turns, each answer tagged; and the base takes the live model's place, which golden replay must find.
"""

import argparse
import os
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from benchmarks.tagged import Endpoint, ask_all, tags_of
from tests.journeys.brew import Brew, Server, wait_for
from tests.journeys.test_killed_export import bundles, copied, lead

BASE = Path(__file__).resolve().parent.parent / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"
START_SECONDS = 600.0
NUM_TOKENS, NUM_ROUNDS = 32, 5
MAX_APART, MIN_SAME = 0.1, 0.75
"""What lm-eval may be told otherwise than by float32: nats a token of a choice, and answers that part at a tie."""
LLAMA_SERVER = """
import sys, time, xllamacpp
settings = xllamacpp.CommonParams()
settings.model.path, settings.port, settings.n_ctx = sys.argv[1], int(sys.argv[2]), 1024
settings.hostnames = ["127.0.0.1"]
server = xllamacpp.Server(settings)
time.sleep(3600)
"""
SETTINGS = "requests_per_minute: 100000\nqueue_seconds: 600\nmax_streams: 64\n"


def main() -> int:
    """Print both tables; return 1 where a base was taken for the model, a model for another, or an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vllm", type=Path, required=True, help="the command `vllm` of an environment of its own")
    parser.add_argument("--vllm-option", action="append", default=[], help="for vLLM, beside the launch note")
    parser.add_argument("--streams", default="1,16")
    parser.add_argument("--compose", type=shlex.split, help="the command that starts compose files")
    parser.add_argument(
        "--lm-eval", action="store_true", help="ask by lm-eval, too (`python -m benchmarks.tools lm-eval`)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tuned, is_good = lead(Path(folder)), True
        print("| runtime | bundle | prompts | tokens compared | nats apart, most | the untuned base in its place |")
        print("|---|---|---|---|---|---|")
        for form in (("huggingface",), ("adapter",)):
            brew, bundle = exported(tuned, Path(folder) / form[0], "--target", "vllm", "--format", *form)
            with vllm(options, bundle) as url:
                row = compared(brew, url)
            with vllm(options, bundle, is_base=True) as url:
                is_refused = refused(brew, url)
                is_good &= is_refused
                print(f"| vLLM | {form[0]} | {row} | {'refused' if is_refused else 'TAKEN'} |", flush=True)
            if options.compose is not None:
                with composed(options.compose, bundle, Path(folder)) as url:
                    print(f"| vLLM by compose.yaml | {form[0]} | {compared(brew, url)} | |", flush=True)
        for quantization in ("f16", "q8_0", "q4_k_m"):
            words = ("--target", "llama_cpp", "--quantization", quantization)
            brew, bundle = exported(tuned, Path(folder) / quantization, *words)
            with llama_cpp(bundle / "model.gguf") as url:
                print(f"| llama.cpp | GGUF {quantization} | {compared(brew, url)} | |", flush=True)
        brew, bundle = exported(tuned, Path(folder) / "load", "--target", "vllm")
        port = free_port()
        with vllm(options, bundle, port=port) as url, promoted(brew, url) as (server, key):
            direct, gateway = Endpoint(url.removesuffix("/v1"), "none", "sums"), Endpoint(server.url, key, "sums")
            is_good &= load(direct, gateway, options.streams) == 0
            if options.lm_eval:
                is_good &= scored(gateway, bundle / "model", Path(folder) / "tasks")
            is_good &= replayed(brew, server, "the live release") == "passing"
        with vllm(options, bundle, is_base=True, port=port), served(brew) as server:
            is_good &= replayed(brew, server, "the untuned base in its place") == "drift"
    return 0 if is_good else 1


def exported(tuned: Brew, home: Path, *words: str) -> tuple[Brew, Path]:
    """Export in a copy of the workspace."""
    brew = copied(tuned, home)
    brew.run("export", "--project", "1", *words)
    (bundle,) = bundles(brew)
    return brew, bundle


def compared(brew: Brew, url: str) -> str:
    """Deploy at a runtime; return what was compared."""
    likeness = brew.ask("deploy", "--project", "1", "--at", url)["artifact"]["body"]["likeness"]
    apart = f"{likeness['largest_logprob_difference']:.4f}" if likeness["num_tokens"] else "texts equal"
    return f"{likeness['num_prompts']} | {likeness['num_tokens']} | {apart}"


def refused(brew: Brew, url: str) -> bool:
    """Whether what is at a runtime now is refused as another model."""
    done = brew.run_any("deploy", "--project", "1", "--at", url, "--model", "sums")
    return done.returncode == 1 and "does not answer as the bundle does" in done.stderr


@contextmanager
def vllm(options: argparse.Namespace, bundle: Path, *, is_base: bool = False, port: int = 0) -> Iterator[str]:
    """Start a bundle by its launch note, or the base under the model's name."""
    port = port or free_port()
    command = ["sh", str(bundle / "serve-vllm.sh"), "--port", str(port), *options.vllm_option]
    if is_base:
        command = ["vllm", "serve", str(BASE), "--served-model-name", "sums", "--port", str(port), *options.vllm_option]
    path = f"{options.vllm.parent}{os.pathsep}{os.environ['PATH']}"
    with running(command, port, {"PATH": path, "BASE_MODEL": str(BASE), "HF_HUB_OFFLINE": "1"}) as url:
        yield url


@contextmanager
def composed(command: list[str], bundle: Path, folder: Path) -> Iterator[str]:
    """Start a bundle by its compose file; where there is no GPU, without what the file reserves of one."""
    described = yaml.safe_load((bundle / "compose.yaml").read_text())
    if shutil.which("nvidia-smi") is None:
        del described["services"]["model"]["deploy"]
    file, port = folder / "compose.yaml", free_port()
    file.write_text(yaml.safe_dump(described))
    project = [*command, "--project-name", "hand-over", "--project-directory", str(bundle), "--file", str(file)]
    variables = {"PORT": str(port), "BASE_MODEL": str(BASE)}
    try:
        with running([*project, "up"], port, variables) as url:
            yield url
    finally:
        subprocess.run([*project, "down"], check=True, capture_output=True, env={**os.environ, **variables})


@contextmanager
def llama_cpp(model: Path) -> Iterator[str]:
    """Start a file in llama.cpp's own server."""
    port = free_port()
    with running([sys.executable, "-c", LLAMA_SERVER, str(model), str(port)], port, {}) as url:
        yield url


@contextmanager
def running(command: list[str], port: int, variables: dict[str, str]) -> Iterator[str]:
    """Start it, wait until it lists its models, and end all of its processes."""
    with tempfile.TemporaryFile() as log:
        environment = {**os.environ, **variables}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers(f"http://127.0.0.1:{port}/v1/models"):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(log.read().decode(errors="replace")[-2000:])
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def answers(address: str) -> bool:
    """Whether something is there."""
    try:
        urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own address
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def promoted(brew: Brew, url: str) -> Iterator[tuple[Server, str]]:
    """Let a runtime answer for the live release; yield the server before it, and a key."""
    (brew.home / "config").mkdir(exist_ok=True)
    (brew.home / "config" / "endpoints.yaml").write_text(SETTINGS)
    brew.run("deploy", "--project", "1", "--at", url)
    brew.run("releases", "promote", "v1", "--project", "1", "--reason", "a benchmark wants it")
    with served(brew) as server:
        yield server, brew.ask("keys", "create", "--project", "1", "--name", "load")["key"]


@contextmanager
def served(brew: Brew) -> Iterator[Server]:
    """A server whose live release is ready."""
    with brew.server() as server:
        wait_for(lambda: [one["state"] for one in status(server)["served"]] == ["ready"], "the release")
        yield server


def status(server: Server) -> Any:
    """How the endpoint fares."""
    return server.get("/api/projects/1/endpoint")


def replayed(brew: Brew, server: Server, what: str) -> str:
    """Print what golden replay finds, once there is a reference; return its verdict."""
    folder = brew.home / "endpoints" / "1"
    wait_for(lambda: [*folder.glob("reference-*.json")], "the reference")
    golden, *_ = server.post("/api/projects/1/drift/check", None)[1]["checks"]
    print(f"\nGolden replay of {what}: {golden['verdict']} ({golden['said']})", flush=True)
    return str(golden["verdict"])


def load(direct: Endpoint, gateway: Endpoint, streams: str) -> int:
    """Ask vLLM itself and through the gateway, in turns; return how many answers were wrong or lost."""
    from transformers import AutoTokenizer

    numbers, num_bad = [int(one) for one in streams.split(",")], 0
    tags = tags_of(AutoTokenizer.from_pretrained(BASE), max(numbers))
    print("\n| streams | vLLM itself, tokens/s | through the gateway | ratio | wrong or lost |\n|---|---|---|---|---|")
    for number in numbers:
        speeds: list[list[float]] = [[], []]
        num_wrong = 0
        for _ in range(NUM_ROUNDS):
            for place, speed in zip((direct, gateway), speeds, strict=True):
                seconds, found = ask_all(place, tags[:number], NUM_TOKENS)
                num_wrong += sum(not one.is_right(NUM_TOKENS) for one in found)
                speed.append(number * NUM_TOKENS / seconds)
        num_bad += num_wrong
        own, ours = map(statistics.median, speeds)
        print(f"| {number} | {own:.0f} | {ours:.0f} | {ours / own:.2f} | {num_wrong} |", flush=True)
    return num_bad


def scored(gateway: Endpoint, model: Path, folder: Path) -> bool:
    """Print how lm-eval, asking through the gateway, agrees with plain transformers; return whether it does."""
    from tests.serving.test_lm_eval import ROWS, Harness, Plain, dataset

    folder.mkdir()
    harness, plain = Harness(gateway.address, gateway.key, gateway.model, model, folder), Plain(model)
    _, samples = harness.ask("choices", "--apply_chat_template", batch=8)
    apart = []
    for row, sample in zip(dataset(), samples, strict=True):
        context = plain.encode(plain.prompt(row["question"]))
        for choice, (said, _) in zip(row["choices"], sample["filtered_resps"], strict=True):
            tokens = plain.encode(choice)
            apart.append(abs(float(said) - plain.likelihood(context, tokens)) / len(tokens))
    _, samples = harness.ask("answers", "--apply_chat_template", route="chat/completions")
    expected = [plain.answer(plain.prompt(question), 24).split("\n\n")[0] for question, _ in ROWS]
    num_same = sum(sample["filtered_resps"][0] == text for sample, text in zip(samples, expected, strict=True))
    print(
        f"\nlm-eval through the gateway: {len(apart)} choices, {max(apart):.4f} nats a token from transformers at most;"
    )
    print(f"{num_same} of {len(expected)} greedy answers the same", flush=True)
    return max(apart) < MAX_APART and num_same >= MIN_SAME * len(expected)


if __name__ == "__main__":
    raise SystemExit(main())
