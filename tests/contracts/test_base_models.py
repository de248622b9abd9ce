"""What all base models promise; run on the fake and on those of this machine."""

import json
import struct
from pathlib import Path

import pytest

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.core.errors import BaseModelError
from brewslm.core.ports.base_models import BaseModels
from tests.fakes.base_models import FakeBaseModels, tiny_model

NUM_WEIGHTS = 12_345


def write_model(folder: Path) -> None:
    """Write the files of a model with one tensor and no sense."""
    folder.mkdir(parents=True)
    header = json.dumps({"w": {"dtype": "F32", "shape": [NUM_WEIGHTS], "data_offsets": [0, 4 * NUM_WEIGHTS]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4 * NUM_WEIGHTS))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "README.md").write_text("---\nlicense: Apache-2.0\n---\n")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "architectures": ["LlamaForCausalLM"],
                "model_type": "llama",
                "hidden_size": 32,
                "intermediate_size": 88,
                "num_attention_heads": 2,
                "num_key_value_heads": 1,
                "tie_word_embeddings": True,
                "num_hidden_layers": 2,
                "vocab_size": 512,
                "max_position_embeddings": 256,
            }
        )
    )


@pytest.fixture(params=["fake", "local"])
def models(request: pytest.FixtureRequest, tmp_path: Path) -> BaseModels:
    write_model(tmp_path / "bundled" / "tiny")
    if request.param == "local":
        return LocalBaseModels(tmp_path / "bundled", is_offline=True)
    return FakeBaseModels([tiny_model(tmp_path / "bundled" / "tiny")])


def test_a_model_is_found_by_its_name(models: BaseModels, tmp_path: Path) -> None:
    assert models.locate("tiny") == tmp_path / "bundled" / "tiny"


def test_its_facts_are_read_without_loading_it(models: BaseModels, tmp_path: Path) -> None:
    facts = models.facts("tiny")
    assert facts.model_copy(update={"tokenizer_hash": None}) == tiny_model(tmp_path / "bundled" / "tiny")


@pytest.mark.parametrize("name", ["absent", "", "/absent/folder", "../bundled/absent"])
def test_a_model_that_is_not_there_is_refused_by_name(models: BaseModels, name: str) -> None:
    for ask in (models.locate, models.facts):
        with pytest.raises(BaseModelError) as caught:
            ask(name)
        assert repr(name) in str(caught.value)
