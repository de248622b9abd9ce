"""Throughput and latency of the serving engine against plain `transformers`, on the same model and prompts, in one run.

Run `python -m benchmarks.serving [--model FOLDER] [--streams 1,4,16,64] [--tokens 48] [--rounds 3]`. They take turns,
round by round. Plain transformers is `generate` for one request after another, which is what a server without batching
does, and `generate` over the left-padded batch of all, which needs all requests to come at the same moment. Every
answer is compared with the one that its prompt gets alone from `generate`. First-token times are of the engine alone.
"""

import argparse
import queue
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from brewslm.core.serving.order import ServeOrder
from brewslm.serving.engine import BatchEngine
from brewslm.serving.generation import End, Generation, Token
from brewslm.serving.models import Served, load
from brewslm.serving.sampling import Sampling

BUNDLED = Path(__file__).resolve().parent.parent / "src" / "brewslm" / "bundled" / "base_models"
NEVER_ENDING = -100.0


@dataclass(frozen=True)
class Seen:
    """One way, one round."""

    seconds: float
    answers: list[list[int]]
    first: list[float]
    whole: list[float]


def by_engine(engine: BatchEngine, served: Served, prompts: list[list[int]], num_tokens: int) -> Seen:
    """All at once, through the engine."""
    heard: queue.Queue[tuple[int, float, Any]] = queue.Queue()
    bias = dict.fromkeys(served.stops, NEVER_ENDING)
    began_at = time.perf_counter()
    for number, prompt in enumerate(prompts):

        def tell(event: Any, number: int = number) -> None:
            heard.put((number, time.perf_counter() - began_at, event))

        sampling = Sampling(temperature=0.0, logit_bias=bias)
        engine.submit(Generation(prompt, num_tokens, tell, sampling))
    answers: list[list[int]] = [[] for _ in prompts]
    first, whole = [0.0] * len(prompts), [0.0] * len(prompts)
    while not all(whole):
        number, at, event = heard.get()
        if isinstance(event, Token):
            first[number] = first[number] or at
            answers[number].append(event.choice.token)
        elif isinstance(event, End):
            whole[number] = at
    return Seen(time.perf_counter() - began_at, answers, first, whole)


@torch.inference_mode()
def one_by_one(served: Served, prompts: list[list[int]], num_tokens: int) -> Seen:
    """One request after another, through `generate`."""
    began_at, answers, whole = time.perf_counter(), [], []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        made = served.model.generate(ids, attention_mask=torch.ones_like(ids), **_options(served, num_tokens))
        answers.append(made[0, len(prompt) :].tolist())
        whole.append(time.perf_counter() - began_at)
    return Seen(whole[-1], answers, [], whole)


@torch.inference_mode()
def as_a_batch(served: Served, prompts: list[list[int]], num_tokens: int) -> Seen:
    """All at once, padded on the left, through `generate`."""
    longest = max(map(len, prompts))
    pad = served.tokenizer.pad_token_id or 0
    ids = torch.tensor([[pad] * (longest - len(one)) + one for one in prompts])
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in prompts])
    began_at = time.perf_counter()
    made = served.model.generate(ids, attention_mask=mask, **_options(served, num_tokens))
    seconds = time.perf_counter() - began_at
    return Seen(seconds, made[:, longest:].tolist(), [], [seconds] * len(prompts))


def _options(served: Served, num_tokens: int) -> dict[str, Any]:
    return {
        "do_sample": False,
        "max_new_tokens": num_tokens,
        "min_new_tokens": num_tokens,
        "suppress_tokens": sorted(served.stops),
        "pad_token_id": served.tokenizer.pad_token_id or 0,
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=str(BUNDLED / "brewslm-tiny-v1"))
    parser.add_argument("--streams", default="1,4,16,64")
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    served = load(ServeOrder(engine="transformers", model=asked.model, name="model"))
    chance = torch.Generator().manual_seed(5)
    vocabulary = served.model.config.get_text_config().vocab_size
    print(f"{asked.model}: {asked.tokens} tokens each, {torch.get_num_threads()} threads, median of {asked.rounds}")
    print("| streams | way | tokens/s | of one by one | first token p50 | whole p50 | whole p95 | equal answers |")
    print("|---|---|---|---|---|---|---|---|")
    for num_streams in map(int, asked.streams.split(",")):
        lengths = torch.randint(8, 96, (num_streams,), generator=chance).tolist()
        prompts = [torch.randint(300, vocabulary, (length,), generator=chance).tolist() for length in lengths]
        engine = BatchEngine(served, max_streams=num_streams, prefill_tokens=256)
        rounds: dict[str, list[Seen]] = {"engine": [], "one by one": [], "padded batch": []}
        for _ in range(asked.rounds):
            rounds["engine"].append(by_engine(engine, served, prompts, asked.tokens))
            rounds["one by one"].append(one_by_one(served, prompts, asked.tokens))
            rounds["padded batch"].append(as_a_batch(served, prompts, asked.tokens))
        engine.close()
        _tell(num_streams, rounds, asked.tokens)


def _tell(num_streams: int, rounds: dict[str, list[Seen]], num_tokens: int) -> None:
    alone = rounds["one by one"][0].answers
    base = statistics.median(one.seconds for one in rounds["one by one"])
    for way, seen in rounds.items():
        middle = sorted(seen, key=lambda one: one.seconds)[len(seen) // 2]
        whole, first = sorted(middle.whole), sorted(middle.first)
        equal = sum(ours == theirs for one in seen for ours, theirs in zip(one.answers, alone, strict=True))
        print(
            f"| {num_streams} | {way} | {num_streams * num_tokens / middle.seconds:.0f} | {base / middle.seconds:.2f} "
            f"| {f'{first[len(first) // 2] * 1000:.0f} ms' if first else '-'} | {whole[len(whole) // 2]:.2f} s "
            f"| {whole[int(len(whole) * 0.95)]:.2f} s | {equal} of {len(seen) * num_streams} |"
        )


if __name__ == "__main__":
    main()
