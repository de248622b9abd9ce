"""Golden replay finds a swapped or damaged model, and is quiet over a thousand answers in ever other company."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from starlette.testclient import TestClient

from brewslm.adapters.serving.asking import answer_of, greedy_request
from brewslm.core.drift.golden import GoldenAnswer, Reference, replayed, tolerance_of
from brewslm.core.serving.order import ServeOrder
from brewslm.serving.engine import BatchEngine
from brewslm.serving.models import Served, load
from brewslm.serving.openai.face import Face, Model
from brewslm.serving.prompts import Prompts
from brewslm.serving.sampling import Sampling
from tests.serving.asking import ask

PROMPTS = ("Hello!", "What can you do?", "Write a line about rain.", "Sum 2 and 3.")


class Asked:
    """A model behind its face."""

    def __init__(self, served: Served) -> None:
        self.engine = BatchEngine(served, max_streams=8, prefill_tokens=32)
        model = Model(served.name, served.context_tokens, Prompts(served.tokenizer), self.engine)
        self._client = TestClient(Face(model, "token").app(), headers={"Authorization": "Bearer token"})

    def answers(self) -> list[GoldenAnswer]:
        asked = [{"model": "tiny", **greedy_request(prompt, max_tokens=16)} for prompt in PROMPTS]
        told = [self._client.post("/v1/chat/completions", json=one).json() for one in asked]
        return [answer_of(prompt, said) for prompt, said in zip(PROMPTS, told, strict=True)]


@pytest.fixture(scope="module")
def asked(served: Served) -> Iterator[Asked]:
    one = Asked(served)
    yield one
    one.engine.close()


@pytest.fixture(scope="module")
def reference(asked: Asked) -> Reference:
    return Reference(version=1, answers=tuple(asked.answers()))


def rounded_to_8_bits(folder: Path) -> Served:
    served = loaded(folder)
    for weight in served.model.parameters():
        if weight.ndim == 2:
            scale = weight.abs().amax(1, keepdim=True) / 127
            weight.data = (weight / scale).round() * scale
    return served


def rounded_to_bfloat16(folder: Path) -> Served:
    served = loaded(folder)
    for weight in served.model.parameters():
        weight.data = weight.data.bfloat16().float()
    return served


def one_layer_swapped(folder: Path) -> Served:
    served = loaded(folder)
    layers = served.model.model.layers
    layers[0].mlp.load_state_dict(layers[1].mlp.state_dict())
    return served


def another_template(folder: Path) -> Served:
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("assistant", "bot"))
    return loaded(folder)


def another_tokenizer(folder: Path) -> Served:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace('"e":', '"?e":').replace('"o":', '"e":').replace('"?e":', '"o":'))
    return loaded(folder)


def loaded(folder: Path) -> Served:
    return load(ServeOrder(engine="transformers", model=str(folder), name="tiny"))


@pytest.mark.parametrize(
    "harm", [rounded_to_8_bits, rounded_to_bfloat16, one_layer_swapped, another_template, another_tokenizer]
)
def test_a_changed_model_is_found_in_one_round(
    harm: Callable[[Path], Served], folder: Path, tmp_path: Path, reference: Reference
) -> None:
    with torch.no_grad():
        other = Asked(harm(Path(shutil.copytree(folder, tmp_path / "model"))))
    check = replayed(reference, other.answers(), tolerance=tolerance_of("float32"))
    other.engine.close()
    print(f"\n{harm.__name__}: {check.said}")
    assert check.verdict == "drift"


def test_answers_in_ever_other_company_are_no_alarm(asked: Asked, reference: Reference) -> None:
    for number in range(12):
        crowd = [
            ask(asked.engine, [5 + number, 6, 7 + one], 12, sampling=Sampling(seed=one)) for one in range(number % 7)
        ]
        assert replayed(reference, asked.answers(), tolerance=tolerance_of("float32")).verdict == "passing"
        for one in crowd:
            one.hear()
