"""Base models that a test names."""

from collections.abc import Sequence
from pathlib import Path

from brewslm.core.errors import BaseModelError
from brewslm.core.ports.base_models import BaseModelFacts


class FakeBaseModels:
    """Implements `BaseModels` over facts that the test gives."""

    def __init__(self, facts: Sequence[BaseModelFacts] = ()) -> None:
        self._facts = {each.name: each for each in facts}

    def locate(self, name: str) -> Path:
        return self.facts(name).folder

    def facts(self, name: str) -> BaseModelFacts:
        if name not in self._facts:
            raise BaseModelError(f"There is no base model {name!r}; known: {', '.join(self._facts) or 'none'}.")
        return self._facts[name]


def tiny_model(folder: Path, *, name: str = "tiny") -> BaseModelFacts:
    """Facts of a model of a few thousand weights."""
    return BaseModelFacts(
        name=name,
        folder=folder,
        architecture="LlamaForCausalLM",
        model_type="llama",
        num_parameters=12_345,
        weight_bytes=49_380,
        dtype="float32",
        hidden_size=32,
        intermediate_size=88,
        query_size=32,
        key_value_size=16,
        num_layers=2,
        vocab_size=512,
        is_tied=True,
        caps_logits=False,
        context_length=256,
        licence="Apache-2.0",
    )
