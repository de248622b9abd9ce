"""A machine with the facts that a test gives it."""

from collections.abc import Mapping
from pathlib import Path

from brewslm.core.ports.machine import GpuState, MachineFacts

GIB = 1 << 30

LAPTOP = MachineFacts(
    num_cores=2,
    memory_bytes=8 * GIB,
    free_memory_bytes=6 * GIB,
    gpus=(),
    has_fast_bfloat16=False,
    python="3.11.7",
    platform="Linux-test",
)


class FakeMachine:
    """Implements `Machine`. Change `facts_now`, `gpus_now`, `free_bytes` or `packages` to set the scene."""

    def __init__(
        self,
        facts: MachineFacts = LAPTOP,
        *,
        free_bytes: int = 100 * GIB,
        packages: Mapping[str, str] | None = None,
    ) -> None:
        self.facts_now = facts
        self.gpus_now: tuple[GpuState, ...] = ()
        self.free_bytes = free_bytes
        self.packages = dict({"torch": "2.13.0", "transformers": "5.23.0"} if packages is None else packages)

    def facts(self) -> MachineFacts:
        return self.facts_now

    def gpus(self) -> tuple[GpuState, ...]:
        return self.gpus_now

    def free_disk_bytes(self, folder: Path) -> int:
        return self.free_bytes

    def package_version(self, name: str) -> str | None:
        return self.packages.get(name)
