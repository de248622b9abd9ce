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


class Machine(Protocol):
    """Looks at the machine."""

    def facts(self) -> MachineFacts:
        """Cores, memory, GPUs."""

    def free_disk_bytes(self, folder: Path) -> int:
        """Free space of the file system that holds `folder`."""

    def package_version(self, name: str) -> str | None:
        """Version of an installed distribution, None where it is missing; imports nothing."""
