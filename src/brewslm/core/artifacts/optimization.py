"""What was measured here for a device, and what is only known about the device."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind, BundleId
from brewslm.core.value import Value

DeviceName = Literal[
    "mobile_iphone15",
    "android_flagship",
    "raspberry_pi5",
    "laptop_cpu",
    "browser_webgpu",
    "edge_gpu_8gb",
    "server_gpu",
]


class Candidate(Value):
    """One form of the model, measured on this machine."""

    dtype: str
    weight_bytes: int
    loss: float
    """Mean per trained token of the eval split, nats, measured."""
    tokens_per_second_here: float
    """Generated, one stream, on this machine, measured; it says nothing about the device."""
    kv_cache_bytes: int
    """For a full context, from the model's shape."""
    memory_bytes: int
    """Weights and a full context's cache; activations and the runtime are not in it."""
    fits: bool | None
    """Whether that is below the memory that the device gives to one program; None where that is not known."""
    device_tokens_per_second: float | None = None
    """Not measured: the device is not here."""


class Optimization(Artifact):
    """Candidates for a device, best first."""

    kind: ClassVar[ArtifactKind] = "optimization"

    bundle_id: BundleId
    device: DeviceName
    device_memory_bytes: int | None
    device_source: str
    runtime: str
    candidates: tuple[Candidate, ...]
    recommended: str | None
    """The dtype of the recommended candidate; None where none fits."""
    reason: str
