"""What was measured here for a device, and what is only known about the device."""

from typing import ClassVar, Literal

from pydantic import Field

from brewslm.core.artifacts.base import Artifact, ArtifactKind, BundleId
from brewslm.core.value import Value

_ABSENT = Field(None, exclude_if=lambda value: value is None)
"""What reports of before this was kept do not have."""

DeviceName = Literal[
    "mobile_iphone15",
    "android_flagship",
    "raspberry_pi5",
    "laptop_cpu",
    "browser_webgpu",
    "edge_gpu_8gb",
    "server_gpu",
]


class Context(Value):
    """A length of conversation that a device may have room for."""

    num_tokens: int
    memory_bytes: int
    """Weights and the cache of keys and values."""
    fits: bool


class SpeedEstimate(Value):
    """Tokens a second that a device probably generates: estimated, never measured."""

    low: float
    high: float
    basis: str


class Candidate(Value):
    """One form of the model, measured on this machine."""

    dtype: str
    """Of a GGUF file its quantization."""
    weight_bytes: int
    loss: float
    """Mean per trained token of the eval split, nats, measured."""
    tokens_per_second_here: float
    """Generated, one stream, on this machine, measured; it says nothing about the device."""
    prompt_tokens_per_second_here: float | None = _ABSENT
    """Read, measured as well."""
    kv_cache_bytes: int
    """For a full context, from the model's shape."""
    memory_bytes: int
    """Weights and a full context's cache; activations and the runtime are not in it."""
    fits: bool | None
    """Whether that is below the memory that the device gives to one program; None where that is not known."""
    device_tokens_per_second: float | None = None
    """Not measured: the device is not here."""
    device_speed: SpeedEstimate | None = _ABSENT
    contexts: tuple[Context, ...] = Field((), exclude_if=lambda value: not value)
    """Lengths up to the model's own."""
    is_pareto: bool | None = _ABSENT
    """Whether no other form is better in loss, memory and speed at once."""


class Optimization(Artifact):
    """Candidates for a device, best first."""

    kind: ClassVar[ArtifactKind] = "optimization"

    bundle_id: BundleId
    device: DeviceName
    device_memory_bytes: int | None
    device_source: str
    device_figures: tuple[str, ...] = Field((), exclude_if=lambda value: not value)
    """What is taken to be known of the device, each with its source."""
    runtime: str
    candidates: tuple[Candidate, ...]
    recommended: str | None
    """The dtype of the recommended candidate; None where none fits."""
    reason: str
    export_id: BundleId | None = _ABSENT
    """The bundle that was made of the recommended form."""
