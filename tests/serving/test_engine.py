"""Continuous batching: every answer is the one that its prompt would get alone."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from brewslm.core.serving.order import ServeOrder
from brewslm.serving.engine import BatchEngine
from brewslm.serving.models import Served, load
from brewslm.serving.sampling import Sampling
from tests.serving.asking import alone, ask
from tests.worker.tiny import write_base_model

GREEDY = Sampling(temperature=0.0)


@pytest.fixture
def engine(served: Served) -> Iterator[BatchEngine]:
    made = BatchEngine(served, max_streams=8, prefill_tokens=16)
    yield made
    made.close()


def prompts(number: int, seed: int = 5) -> list[list[int]]:
    chance = random.Random(seed)
    return [[chance.randrange(4, 260) for _ in range(chance.randrange(1, 50))] for _ in range(number)]


def test_many_at_once_answer_as_each_alone(served: Served, engine: BatchEngine) -> None:
    asked = [(prompt, 4 + 3 * place % 29) for place, prompt in enumerate(prompts(24))]
    heard = [ask(engine, prompt, most, sampling=GREEDY) for prompt, most in asked]
    for (prompt, most), one in zip(asked, heard, strict=True):
        one.hear()
        tokens, logprobs = alone(served, prompt, most)
        assert one.tokens == tokens
        assert one.logprobs == pytest.approx(logprobs, abs=1e-4)
        assert one.reason == ("stop" if tokens[-1] in served.stops else "length")


@pytest.mark.parametrize("kind", ["mistral", "qwen3", "gemma2"])
def test_other_families_and_sliding_windows_answer_as_alone(kind: str, tmp_path: Path) -> None:
    served = load(ServeOrder(engine="transformers", model=str(write_family(tmp_path / kind, kind)), name=kind))
    engine = BatchEngine(served, max_streams=4, prefill_tokens=7)
    heard = [(prompt, ask(engine, prompt, 24, sampling=GREEDY)) for prompt in prompts(6, seed=8)]
    for prompt, one in heard:
        assert one.hear().tokens == alone(served, prompt, 24)[0]
    engine.close()


def write_family(folder: Path, kind: str) -> Path:
    from transformers import AutoConfig, AutoModelForCausalLM

    write_base_model(folder)
    sizes = {
        "vocab_size": 260, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "head_dim": 4,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.3,
        "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 3, "tie_word_embeddings": True, "sliding_window": 12,
    }  # fmt: skip
    if kind == "qwen3":
        sizes |= {"use_sliding_window": True, "layer_types": ["full_attention", "sliding_attention"]}
    torch.manual_seed(7)
    AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes)).save_pretrained(folder)
    return folder


def test_a_seed_gives_the_same_answer_whoever_else_is_answered(served: Served, engine: BatchEngine) -> None:
    prompt, sampling = prompts(1)[0], Sampling(temperature=1.0, top_p=0.9, seed=42)
    first = ask(engine, prompt, sampling=sampling).hear()
    crowd = [ask(engine, one, 30, sampling=Sampling(seed=place)) for place, one in enumerate(prompts(6, seed=9))]
    assert ask(engine, prompt, sampling=sampling).hear().tokens == first.tokens
    for one in crowd:
        one.hear()
    others = {tuple(ask(engine, prompt, sampling=Sampling(seed=seed)).hear().tokens) for seed in range(4)}
    assert len(others) == 4


def test_a_stop_string_ends_the_answer_across_tokens(served: Served, engine: BatchEngine) -> None:
    prompt = prompts(1, seed=3)[0]
    whole = ask(engine, prompt, 30, sampling=GREEDY).hear()
    readable = [place for place in range(4, len(whole.text) - 3) if "\ufffd" not in whole.text[place : place + 3]]
    stop = whole.text[readable[0] : readable[0] + 3]
    cut = ask(engine, prompt, 30, sampling=GREEDY, stops=[stop]).hear()
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.reason == "stop"
    assert len(cut.tokens) < len(whole.tokens)


def test_a_cancelled_generation_leaves_the_batch(served: Served, engine: BatchEngine) -> None:
    prompt = prompts(1)[0]
    endless = ask(engine, prompt, 10_000, sampling=Sampling(logit_bias=dict.fromkeys(served.stops, -100.0)))
    endless.events.get(timeout=60)
    endless.generation.is_cancelled = True
    assert ask(engine, prompt, 5, sampling=GREEDY).hear().tokens == alone(served, prompt, 5)[0]
    assert engine.load() == (0, 0)


def test_the_likelihood_of_the_prompt_is_told_where_wanted(served: Served, engine: BatchEngine) -> None:
    prompt = prompts(4, seed=2)[3]
    heard = ask(engine, prompt, 1, is_echoed=True, sampling=GREEDY).hear()
    with torch.inference_mode():
        own = torch.log_softmax(served.model(input_ids=torch.tensor([prompt])).logits[0].float(), -1)
    expected = [float(own[place, token]) for place, token in enumerate(prompt[1:])]
    assert heard.prompt is not None
    assert [one.logprob for one in heard.prompt.choices] == pytest.approx(expected, abs=1e-4)
