"""Adapters come and go while the base answers; each answers as it does alone, merged or not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from brewslm.core.serving.order import ServedAdapter, ServeOrder
from brewslm.serving.adapters import Adapters
from brewslm.serving.engine import BatchEngine
from brewslm.serving.failure import RefusedError
from brewslm.serving.generation import Failed
from brewslm.serving.models import Served, load
from brewslm.serving.sampling import Sampling
from tests.serving.asking import alone, ask

GREEDY = Sampling(temperature=0.0)
PROMPT = [5, 80, 33, 120]

Make = Callable[..., ServedAdapter]


@pytest.fixture
def made(folder: Path, tmp_path: Path) -> Make:
    def write(name: str, *, seed: int, rank: int = 4, use_dora: bool = False) -> ServedAdapter:
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM

        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_pretrained(folder)
        config = LoraConfig(r=rank, use_dora=use_dora, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        get_peft_model(model, config).save_pretrained(tmp_path / name)
        return ServedAdapter(name=name, folder=str(tmp_path / name))

    return write


@pytest.fixture
def base(folder: Path) -> Served:
    """Of its own, as adapters change the modules of the model."""
    return load(ServeOrder(engine="transformers", model=str(folder), name="tiny"))


@pytest.fixture
def engine(base: Served) -> Iterator[BatchEngine]:
    made = BatchEngine(base, max_streams=8, prefill_tokens=16)
    yield made
    made.close()


def merged_answer(folder: Path, adapter: ServedAdapter) -> list[int]:
    order = ServeOrder(engine="transformers", model=str(folder), name="one", merged_adapter=adapter.folder)
    return alone(load(order), PROMPT, 20)[0]


def answer(engine: BatchEngine, key: str | None) -> list[int]:
    return ask(engine, PROMPT, adapter=key, sampling=GREEDY).hear().tokens


def test_adapters_join_and_leave_a_base_that_answers(
    folder: Path, base: Served, engine: BatchEngine, made: Make
) -> None:
    alone_base = alone(base, PROMPT, 20)[0]
    first, second = made("a@experiment1.5-step1", seed=1), made("b", seed=2, rank=8)
    expected = {one.name: merged_answer(folder, one) for one in (first, second)}
    assert len({tuple(alone_base), *map(tuple, expected.values())}) == 3
    adapters = Adapters(engine)

    under_way = ask(engine, PROMPT, 200, sampling=GREEDY)
    adapters.hold([first])
    assert answer(engine, adapters.key_of(first.name)) == expected[first.name]
    adapters.hold([first, second])
    together = {name: ask(engine, PROMPT, adapter=adapters.key_of(name), sampling=GREEDY) for name in expected}
    plain = ask(engine, PROMPT, sampling=GREEDY)
    assert {name: one.hear().tokens for name, one in together.items()} == expected
    assert plain.hear().tokens == alone_base
    assert under_way.hear().tokens[:20] == alone_base

    adapters.hold([second])
    assert adapters.key_of(first.name) is None
    assert answer(engine, adapters.key_of(second.name)) == expected[second.name]
    adapters.hold([])
    assert answer(engine, None) == alone_base
    adapters.hold([first])
    assert answer(engine, adapters.key_of(first.name)) == expected[first.name]


def test_an_adapter_that_answers_is_dropped_only_afterwards(engine: BatchEngine, made: Make) -> None:
    one, adapters = made("one", seed=1), Adapters(engine)
    adapters.hold([one])
    key = adapters.key_of("one")
    expected = answer(engine, key)
    asked = ask(engine, PROMPT, 200, adapter=key, sampling=GREEDY)
    adapters.hold([])
    assert asked.hear().tokens[: len(expected)] == expected
    adapters.hold([])
    assert adapters.key_of("one") is None


def test_who_asks_for_an_adapter_that_has_gone_is_not_answered_by_the_base(engine: BatchEngine, made: Make) -> None:
    one, adapters = made("one", seed=1), Adapters(engine)
    adapters.hold([one])
    key = adapters.key_of("one")
    adapters.hold([])
    event = ask(engine, PROMPT, adapter=key, sampling=GREEDY).events.get(timeout=60)
    assert isinstance(event, Failed)
    assert "not held any more" in event.message


def test_one_of_dora_is_merged_and_never_shares(folder: Path, base: Served, engine: BatchEngine, made: Make) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    dora = made("dora", seed=3, use_dora=True)
    with pytest.raises(RefusedError, match=r"'dora' is one of DoRA, which cannot share a base"):
        Adapters(engine).hold([dora])
    assert answer(engine, None) == alone(base, PROMPT, 20)[0], "the base goes on"
    by_peft = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), dora.folder).eval()
    assert merged_answer(folder, dora) == alone(replace(base, model=by_peft), PROMPT, 20)[0]


@pytest.mark.parametrize("harm", ["gone", "empty", "foreign"])
def test_one_that_does_not_fit_is_refused_by_name_and_the_others_answer(
    engine: BatchEngine, made: Make, tmp_path: Path, harm: str
) -> None:
    good, bad = made("good", seed=1), made("bad", seed=2)
    if harm == "gone":
        bad = ServedAdapter(name="bad", folder=str(tmp_path / "nowhere"))
    elif harm == "empty":
        (tmp_path / "bad" / "adapter_model.safetensors").write_bytes(b"")
    else:
        (tmp_path / "bad" / "adapter_config.json").write_text("[]")
    adapters = Adapters(engine)
    adapters.hold([good])
    before = answer(engine, adapters.key_of("good"))
    with pytest.raises(RefusedError, match="'bad'"):
        adapters.hold([good, bad])
    assert answer(engine, adapters.key_of("good")) == before
    assert adapters.key_of("bad") is None
