"""Two hundred streams at once: each is answered with what it asked for, or refused with a time to come back."""

import random
from pathlib import Path

import openai
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.tagged import Endpoint, ask_all, tags_of
from brewslm.worker.llama.writing import write_gguf
from tests.architecture.tree import ROOT
from tests.serving.endpoint import Served, Workspace

BUNDLED = ROOT / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"
NUM_STREAMS, NUM_TOKENS = 200, 8


@pytest.mark.parametrize("engine", ["transformers", "llama_cpp"])
def test_of_two_hundred_streams_none_is_lost_or_mixed_up(engine: str, tmp_path: Path) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(BUNDLED), BUNDLED
    if engine == "llama_cpp":
        model = tmp_path / "model.gguf"
        write_gguf(
            AutoModelForCausalLM.from_pretrained(BUNDLED, dtype=torch.float32),
            tokenizer,
            model,
            quantization="f16",
            name="model",
        )
    workspace = Workspace(tmp_path / "home")
    workspace.promote(workspace.release(model))
    tags = tags_of(tokenizer, NUM_STREAMS)
    with Served(workspace) as served:
        served.wait_ready(1)
        endpoint = Endpoint(served.address, workspace.key(), "support")
        _, answers = ask_all(endpoint, tags, NUM_TOKENS)
        right = [one for one in answers if one.is_right(NUM_TOKENS)]
        refused = [one for one in answers if one.status == 429]
        others = [one for one in answers if one not in right and one not in refused]
        assert others == []
        assert len(right) >= workspace.house.fleet.settings.max_streams + workspace.house.fleet.settings.max_queued
        assert all(int(one.retry_after or 0) > 0 for one in refused)
        chance = random.Random(5)
        leaving = {place: chance.randrange(1, NUM_TOKENS) for place in chance.sample(range(NUM_STREAMS), 100)}
        _, answers = ask_all(endpoint, tags, NUM_TOKENS, leaves_after=leaving)
        left = [one for one in answers if one.has_left]
        assert len(left) >= served.workspace.house.fleet.settings.max_streams // 4
        stayed = [one for one in answers if not one.has_left]
        assert all(one.is_right(NUM_TOKENS) or one.status == 429 for one in stayed), stayed
        assert all(one.text.split() == [one.tag.word] * len(one.text.split()) for one in left)
        served.wait_until(lambda: served.num_in_flight() == 0, "the end of what was asked by those who left")
        (last,) = ask_all(endpoint, tags[:1], NUM_TOKENS)[1]
        assert last.is_right(NUM_TOKENS)
        with openai.OpenAI(base_url=f"{served.address}/v1", api_key=workspace.key(), max_retries=0) as client:
            if engine == "transformers":
                assert client.completions.create(model="support", prompt="Hi", echo=True).choices[0].text[:2] == "Hi"
            else:
                with pytest.raises(openai.BadRequestError, match="likelihood of a prompt"):
                    client.completions.create(model="support", prompt="Hi", echo=True)
