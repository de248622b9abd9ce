"""What a serving process is told, and what it says when it is ready. Both are files in its run directory."""

from typing import Literal

from pydantic import Field

from brewslm.core.value import Value

ORDER_FILE = "serve.json"
TOKEN_FILE = "token"  # noqa: S105 - the name, not the secret
READY_FILE = "ready.json"
REFUSED_FILE = "refused.json"
ADAPTERS_PATH = "/adapters"
"""Where a process is told which adapters to hold (`AdapterSet`)."""

EngineName = Literal["transformers", "llama_cpp"]


class ServedFile(Value):
    """A file that the model is loaded from, and what it must hold."""

    path: str
    sha256: str


class ServedAdapter(Value):
    """An adapter that answers under a name of its own, on the base that all of them share."""

    name: str
    folder: str


class AdapterSet(Value):
    """The adapters that a process is to hold from now on, and no others."""

    adapters: tuple[ServedAdapter, ...]


class ServeOrder(Value):
    """One model, and the adapters on it."""

    engine: EngineName
    model: str
    """A folder for transformers, a GGUF file for llama.cpp."""
    name: str = Field(min_length=1)
    """Under which the model itself answers."""
    tokenizer: str | None = None
    """Its folder, where it is not with the model."""
    merged_adapter: str | None = None
    """The folder of an adapter that becomes part of the model before it answers."""
    adapters: tuple[ServedAdapter, ...] = ()
    """What answers on the model from the beginning; more can come and go (`AdapterSet`)."""
    files: tuple[ServedFile, ...] = ()
    """Hashed after loading; where one differs, nothing is served."""
    max_streams: int = Field(16, ge=1, le=256)
    """Answers that are made at the same time; more of them wait."""
    max_context_tokens: int = Field(4096, ge=16)
    """Of prompt and answer together; the model's own limit where that is smaller."""
    prefill_tokens: int = Field(256, ge=1)
    """Of a prompt between two steps of the answers that are under way, so that these do not stand still for long."""


class Ready(Value):
    """The process listens."""

    port: int
    pid: int
    runtime: str
    device: str
    context_tokens: int


class Refused(Value):
    """The process did not begin to serve, and why."""

    message: str
    is_damaged: bool = False
    """Whether a file does not hold what it must."""
