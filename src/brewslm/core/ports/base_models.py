"""Where base models come from."""

from pathlib import Path
from typing import Protocol

from brewslm.core.value import Value


class BaseModelFacts(Value):
    """What a model's folder says about it, read without torch."""

    name: str
    folder: Path
    architecture: str
    num_parameters: int
    """Counted from the weight files' headers."""
    weight_bytes: int
    dtype: str
    hidden_size: int
    num_layers: int
    vocab_size: int
    context_length: int
    licence: str | None


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
