"""What passing a stream on costs: the gateway before a runtime of others that never thinks.

    python -m benchmarks.gateway [--streams 1,16,64] [--pieces 400] [--rounds 5]

A runtime in a process of its own answers every chat at once, a piece every five milliseconds, in the chunks that vLLM
sends (with log-probabilities where they are asked for). It is asked directly and through the gateway, in turns. What a
piece costs is the processor time of the gateway's process, all of its threads.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

SETTINGS = "requests_per_minute: 100000\nqueue_seconds: 600\nmax_streams: 256\n"
STEP_SECONDS = 0.005
CHUNK: dict[str, Any] = {
    "id": "chatcmpl-0123456789abcdef",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "sums",
}
CHOICE = {"index": 0, "delta": {"content": " word"}, "logprobs": None, "finish_reason": None, "token_ids": None}
LOGPROBS = {"content": [{"token": " word", "logprob": -0.5, "bytes": [32, 119, 111, 114, 100], "top_logprobs": []}]}
MODELS = b'{"object":"list","data":[{"id":"sums"}]}'
OK = "HTTP/1.1 200 OK\r\ncontent-type: "


def event(data: str) -> bytes:
    """Spell an event of a stream as a chunk of HTTP."""
    text = f"data: {data}\n\n"
    return f"{len(text):x}\r\n{text}\r\n".encode()


def told(**more: Any) -> str:
    """Spell a chunk of an answer."""
    return json.dumps({**CHUNK, **more}, separators=(",", ":"))


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            _, _, rest = head.partition("content-length:")
            if not rest:
                writer.write(f"{OK}application/json\r\ncontent-length: {len(MODELS)}\r\n\r\n".encode() + MODELS)
                continue
            asked = json.loads(await reader.readexactly(int(rest.split()[0])))
            writer.write(f"{OK}text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".encode())
            piece = event(told(choices=[{**CHOICE, "logprobs": LOGPROBS if asked.get("logprobs") else None}]))
            for _ in range(asked["max_tokens"]):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(STEP_SECONDS)
            if asked.get("stream_options", {}).get("include_usage"):
                usage = {"prompt_tokens": 5, "completion_tokens": asked["max_tokens"]}
                writer.write(event(told(choices=[], usage=usage)))
            writer.write(event("[DONE]") + b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def run_runtime() -> None:
    """Serve until the input ends."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def run_gateway(url: str, home: Path) -> None:
    """Serve a release that a runtime answers for, until the input ends."""
    from brewslm.core.drift.likeness import Likeness
    from brewslm.core.serving.upstream import Upstream
    from tests.serving.endpoint import Served, Workspace
    from tests.worker.tiny import write_base_model

    folder = home / "model"
    folder.parent.mkdir(parents=True)
    write_base_model(folder)
    workspace = Workspace(home / "home")
    (workspace.home / "config" / "endpoints.yaml").write_text(SETTINGS)
    likeness = Likeness(num_prompts=1, num_tokens=2, largest_logprob_difference=0.0)
    workspace.promote(workspace.release(folder, upstream=Upstream(url=url, model="sums"), likeness=likeness))
    with Served(workspace) as served:
        served.wait_ready(1)
        print(json.dumps({"port": int(served.address.rsplit(":", 1)[1]), "key": workspace.key()}), flush=True)
        sys.stdin.read()


@contextmanager
def process(*words: str) -> Iterator[tuple[psutil.Process, Any]]:
    """Start one of the two; yield it, and what it says first."""
    command = [sys.executable, "-m", "benchmarks.gateway", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdin is not None
        yield psutil.Process(started.pid), json.loads(started.stdout.readline())
        started.stdin.close()


async def ask(port: int, key: str, model: str, num_pieces: int) -> int:
    """Ask for one stream; return how many pieces came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = {"model": model, "messages": [{"role": "user", "content": "go"}], "max_tokens": num_pieces, "stream": True}
    body = json.dumps(asked).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {key}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    told = b""
    while not told.endswith(b"0\r\n\r\n"):
        piece = await reader.read(65536)
        if not piece:
            break
        told += piece
    writer.close()
    return told.count(b'" word"')


async def ask_all(port: int, key: str, model: str, *, num_streams: int, num_pieces: int) -> tuple[float, int]:
    """Ask for so many streams at once; return the seconds that it took, and how many pieces came."""
    began = time.perf_counter()
    counts = await asyncio.gather(*(ask(port, key, model, num_pieces) for _ in range(num_streams)))
    return time.perf_counter() - began, sum(counts)


def measured(
    runtime: tuple[int, str, str], ours: tuple[int, str, str], gateway: psutil.Process, options: argparse.Namespace
) -> bool:
    """Print the table; return whether no piece was lost."""
    print("| streams | runtime itself, pieces/s | through the gateway | processor time of the gateway a piece, µs |")
    print("|---|---|---|---|")
    is_whole = True
    for num_streams in map(int, options.streams.split(",")):
        rows: list[tuple[float, float, float]] = []
        wanted = num_streams * options.pieces
        for _ in range(options.rounds):
            direct, num_direct = asyncio.run(ask_all(*runtime, num_streams=num_streams, num_pieces=options.pieces))
            before = gateway.cpu_times()
            passed, num_passed = asyncio.run(ask_all(*ours, num_streams=num_streams, num_pieces=options.pieces))
            after = gateway.cpu_times()
            is_whole &= num_direct == num_passed == wanted
            spent = after.user + after.system - before.user - before.system
            rows.append((wanted / direct, wanted / passed, spent / wanted * 1e6))
        plain, through, spent = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"| {num_streams} | {plain:,.0f} | {through:,.0f} | {spent:.0f} |", flush=True)
    return is_whole


def main() -> int:
    """Print a table; return 1 where a piece was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", default="1,16,64")
    parser.add_argument("--pieces", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve == ["runtime"]:
        asyncio.run(run_runtime())
        return 0
    if options.serve is not None:
        run_gateway(options.serve[0], Path(options.serve[1]))
        return 0
    with (
        tempfile.TemporaryDirectory() as folder,
        process("--serve", "runtime") as (_, port),
        process("--serve", f"http://127.0.0.1:{port}/v1", f"{folder}/served") as (gateway, ours),
    ):
        is_whole = measured((port, "none", "sums"), (ours["port"], ours["key"], "support"), gateway, options)
    return 0 if is_whole else 1


if __name__ == "__main__":
    raise SystemExit(main())
