"""What can be learned about the machine without loading torch."""

from pathlib import Path
from typing import Protocol

from brewslm.core.value import Value


class MachineFacts(Value):
    """The machine as it is now."""

    num_cores: int
    """Cores that this process may use."""
    memory_bytes: int
    free_memory_bytes: int
    gpus: tuple[str, ...]
    """Names of the GPUs that the driver reports; empty where there is none."""
    has_fast_bfloat16: bool
    """Whether the CPU has bfloat16 matrix instructions (AMX or AVX512-BF16), or a GPU is there."""
    python: str
    platform: str


class GpuProcess(Value):
    """A process that holds memory of a GPU."""

    pid: int
    memory_bytes: int | None
    """None where the driver does not say."""
    is_worker: bool
    """Whether it is a worker of BrewSLM, for which the line before the device waits."""


class GpuState(Value):
    """A GPU as it is now, as its driver tells it."""

    name: str
    memory_bytes: int
    used_bytes: int
    """By all processes and the driver, also by those that are not listed."""
    processes: tuple[GpuProcess, ...] = ()
    """Those that compute and can be seen from here; a container hides those outside."""

    @property
    def free_bytes(self) -> int:
        """What nobody uses."""
        return max(0, self.memory_bytes - self.used_bytes)


class Machine(Protocol):
    """Looks at the machine."""

    def facts(self) -> MachineFacts:
        """Cores, memory, GPUs."""

    def gpus(self) -> tuple[GpuState, ...]:
        """The GPUs of `facts`, in its order, as they are now; empty where the driver does not answer."""

    def free_disk_bytes(self, folder: Path) -> int:
        """Free space of the file system that holds `folder`."""

    def package_version(self, name: str) -> str | None:
        """Version of an installed distribution, None where it is missing; imports nothing."""
