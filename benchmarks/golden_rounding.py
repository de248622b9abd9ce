"""How far rounding alone moves golden answers in each number format, beside the tolerances of the drift check.

`python -m benchmarks.golden_rounding [FORM ...] [--rounds 20]`: the bundled model by transformers in three formats, and
by llama.cpp as GGUF in five. Its prompts are answered alone, as at a promotion, and again in each round while a random
crowd of other answers comes and goes. Then two changed models: weights rounded to 8 bits (a file of 8 bits or less
hardly shows it), and two layers swapped. Nats of one token's log-probability, up to where rounding chose another token.
"""

import argparse
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from starlette.testclient import TestClient
from transformers import AutoModelForCausalLM, AutoTokenizer

from brewslm.adapters.serving.asking import answer_of, greedy_request
from brewslm.core.drift.golden import GoldenAnswer, Reference, replayed, tolerance_of
from brewslm.core.serving.order import ServeOrder
from brewslm.serving.building import build
from brewslm.serving.openai.face import Face
from brewslm.serving.sampling import Sampling
from brewslm.worker.llama.writing import write_gguf
from tests.serving.asking import Heard, ask

BUNDLED = Path(__file__).resolve().parent.parent / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"
PROMPTS = (
    "Hello!",
    "What can you do?",
    "Write a line about rain.",
    "What is 20 percent of 350?",
    "How do I keep a mint plant healthy on a balcony?",
    "Write a short message to tell my friend that I can't come tonight.",
    "What type of clause is this? The Courier shall collect samples from the Clinic by 4 pm each weekday.",
    "My card was charged twice.",
)
TORCH, GGUF = ("float32", "float16", "bfloat16"), ("f16", "bf16", "q8_0", "q5_k_m", "q4_k_m")
NUM_TOKENS, MOST_COMPANY = 16, 12


def unchanged(model: Any) -> None:
    """Nothing."""


def rounded_to_8_bits(model: Any) -> None:
    for weight in model.parameters():
        if weight.ndim == 2:
            scale = weight.abs().amax(1, keepdim=True) / 127
            weight.data = (weight / scale).round() * scale


def layers_swapped(model: Any) -> None:
    one, other = model.model.layers[2].mlp, model.model.layers[3].mlp
    one.load_state_dict({name: value.clone() for name, value in other.state_dict().items()})


def order_of(form: str, harm: Callable[[Any], None], folder: Path) -> ServeOrder:
    """Write the model in this form."""
    model: Any = AutoModelForCausalLM.from_pretrained(BUNDLED, dtype=torch.float32)
    tokenizer: Any = AutoTokenizer.from_pretrained(BUNDLED)
    with torch.no_grad():
        harm(model)
    if form in GGUF:
        write_gguf(model, tokenizer, folder / "model.gguf", quantization=form, name="model")  # type: ignore[arg-type]
        return ServeOrder(engine="llama_cpp", model=str(folder / "model.gguf"), name="model", max_context_tokens=1024)
    model.to(getattr(torch, form)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return ServeOrder(engine="transformers", model=str(folder), name="model")


class Asked:
    """One served model."""

    def __init__(self, form: str, harm: Callable[[Any], None], folder: Path) -> None:
        folder.mkdir()
        self.model = build(order_of(form, harm, folder), on_broken=lambda: None).model
        self.client = TestClient(Face(self.model, "token").app(), headers={"Authorization": "Bearer token"})

    def answers(self, company: Callable[[], None] = lambda: None) -> list[GoldenAnswer]:
        found = []
        for prompt in PROMPTS:
            company()
            said = self.client.post(
                "/v1/chat/completions", json={"model": "model", **greedy_request(prompt, max_tokens=NUM_TOKENS)}
            )
            found.append(answer_of(prompt, said.json()))
        return found


class Company:
    """Other answers, ever another number of them."""

    def __init__(self, engine: Any, chance: random.Random) -> None:
        self._engine, self._chance = engine, chance
        self._open: list[Heard] = []

    def __call__(self) -> None:
        for _ in range(self._chance.randint(0, MOST_COMPANY)):
            prompt = [self._chance.randrange(300, 4000) for _ in range(self._chance.randint(4, 90))]
            self._open.append(ask(self._engine, prompt, self._chance.randint(4, 40), sampling=Sampling(seed=1)))
        while len(self._open) > MOST_COMPANY:
            self._open.pop(0).hear()

    def leave(self) -> None:
        for one in self._open:
            one.hear()


def moved(before: Sequence[GoldenAnswer], now: Sequence[GoldenAnswer]) -> list[float]:
    found = []
    for old, new in zip(before, now, strict=True):
        for place, (was, is_now) in enumerate(zip(old.tokens, new.tokens, strict=False)):
            found.append(abs(old.logprobs[place] - new.logprobs[place]))
            if was != is_now:
                break
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("forms", nargs="*", help="all of them by default")
    asked_for = parser.parse_args()
    num_rounds = asked_for.rounds
    torch.set_num_threads(1)
    heads = "form", "tolerance", "tokens", "company: 99 %", "most", "alarms", "8 bits", "found", "swapped", "found"
    print("| " + " | ".join(heads) + " |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for form in asked_for.forms or (*TORCH, *GGUF):
        with tempfile.TemporaryDirectory() as place:
            tolerance = tolerance_of(form)
            asked = Asked(form, unchanged, Path(place) / "unchanged")
            before = asked.answers()
            reference, company = (
                Reference(version=1, answers=tuple(before)),
                Company(asked.model.engine, random.Random(7)),
            )
            spans, alarms = [], 0
            for _ in range(num_rounds):
                now = asked.answers(company)
                spans += moved(before, now)
                alarms += replayed(reference, now, tolerance=tolerance).verdict == "drift"
            company.leave()
            asked.model.engine.close()
            told = []
            for harm in (rounded_to_8_bits, layers_swapped):
                other = Asked(form, harm, Path(place) / harm.__name__)
                answers = other.answers()
                other.model.engine.close()
                is_found = replayed(reference, answers, tolerance=tolerance).verdict == "drift"
                told += [f"{max(moved(before, answers)):.3f}", "yes" if is_found else "no"]
            spans.sort()
            near = spans[int(0.99 * (len(spans) - 1))]
            cells = [form, tolerance, len(spans), f"{near:.4f}", f"{spans[-1]:.4f}", f"{alarms} of {num_rounds}", *told]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
