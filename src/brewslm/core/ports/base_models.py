"""Where base models come from."""

from pathlib import Path
from typing import Protocol

from brewslm.core.value import Value


class BaseModelFacts(Value):
    """What a model's folder says about it, read without torch."""

    name: str
    folder: Path
    architecture: str
    model_type: str
    """As transformers names the architecture: `llama`, `qwen3`."""
    num_parameters: int
    """Counted from the weight files' headers."""
    weight_bytes: int
    dtype: str
    hidden_size: int
    intermediate_size: int
    """Width of the feed-forward part; four times the hidden size where the configuration does not say."""
    query_size: int
    """Of all heads together."""
    key_value_size: int
    """Of all heads of keys together, and as much of values."""
    num_layers: int
    vocab_size: int
    is_tied: bool
    """Whether the output head has no weights of its own."""
    caps_logits: bool
    """Whether logits go through c * tanh(x / c), as Gemma 2's do."""
    context_length: int
    licence: str | None
    linear_modules: tuple[str, ...] = ()
    """Names of the matrices within blocks, which an adapter can be put on, such as `q_proj`; empty where not known."""
    tokenizer_hash: str | None = None
    """Of `tokenizer.json`, as a manifest keeps it; None where there is none."""
    template_hash: str | None = None
    """Of the chat template, as a manifest keeps it; None where there is none."""
    end_token: str | None = None
    """How the token is spelled that ends a text; None where the model names none."""


class BaseModels(Protocol):
    """Resolves the name of a base model to a local folder."""

    def locate(self, name: str) -> Path:
        """Return the folder of a bundled model, a local folder, or a (downloaded) Hugging Face model.

        Raises:
            BaseModelError: there is no such model, or it lacks a file that is needed.
        """

    def facts(self, name: str) -> BaseModelFacts:
        """Locate it and read its facts.

        Raises:
            BaseModelError: as `locate`, or its configuration cannot be read.
        """
