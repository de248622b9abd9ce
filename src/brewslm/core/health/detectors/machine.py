"""What the machine has left: memory, disk, and a GPU in good health."""

from collections.abc import Iterator
from dataclasses import dataclass

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Level, Sighting
from brewslm.core.health.thresholds import DeviceThresholds, Thresholds

_GIB = 1 << 30


@dataclass(slots=True)
class Machine:
    """Detectors `memory`, `disk_space`, `gpu_temperature` and `gpu_errors`."""

    num_errors: int | None = None
    """Uncorrected errors that the device had counted when it was first asked."""
    num_throttled: int = 0

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge what one observation says of the machine, in any record."""
        if seen.memory_bytes is not None and run.memory_limit_bytes:
            yield _memory(seen.memory_bytes, run.memory_limit_bytes, limits)
        if seen.disk_free_bytes is not None:
            yield _disk(seen.disk_free_bytes, run.checkpoint_bytes, limits)
        if seen.is_throttled is not None or seen.temperature is not None or seen.memory_temperature is not None:
            self.num_throttled = self.num_throttled + 1 if seen.is_throttled else 0
            yield self._heat(seen, limits.device)
        if seen.num_device_errors is not None:
            yield self._errors(seen.num_device_errors)

    def _heat(self, seen: Observation, limits: DeviceThresholds) -> Sighting:
        core = finite(seen.temperature) or 0.0
        memory = finite(seen.memory_temperature) or 0.0
        is_throttled = self.num_throttled >= limits.throttled_records
        hot = []
        if core >= limits.temperature:
            hot.append(f"the core is at {core:g} °C")
        if memory >= limits.memory_temperature:
            hot.append(f"the memory is at {memory:g} °C")
        if is_throttled:
            hot.append(f"slowed down by heat or power in {self.num_throttled} records in a row")
        if not hot:
            return Sighting("gpu_temperature")
        is_critical = core >= limits.critical_temperature or memory >= limits.critical_memory_temperature
        level: Level = "critical" if is_critical else "warning"
        excess = max(core / limits.temperature, memory / limits.memory_temperature)
        evidence = {"core": core, "memory": memory, "throttled_records": self.num_throttled}
        return Sighting("gpu_temperature", level, core, limits.temperature, excess, "; ".join(hot), evidence)

    def _errors(self, num: int) -> Sighting:
        if self.num_errors is None or num < self.num_errors:  # the first look, or the driver was loaded anew
            self.num_errors = num
        new = num - self.num_errors
        if new == 0:
            return Sighting("gpu_errors")
        text = f"the device counted {new} uncorrected errors since the run began"
        return Sighting("gpu_errors", "critical", new, 0, new, text, {"errors": new})


def _memory(used: int, limit: int, limits: Thresholds) -> Sighting:
    share = used / limit
    if share < limits.memory.share:
        return Sighting("memory")
    level: Level = "critical" if share >= limits.memory.critical_share else "warning"
    text = f"{share:.1%} of {limit / _GIB:.1f} GiB of memory are in use"
    return Sighting("memory", level, share, limits.memory.share, share, text, {"used_bytes": used, "of_bytes": limit})


def _disk(free: int, checkpoint: int | None, limits: Thresholds) -> Sighting:
    needed = max(limits.disk.free_bytes, limits.disk.checkpoints * (checkpoint or 0))
    least = max(limits.disk.critical_free_bytes, limits.disk.critical_checkpoints * (checkpoint or 0))
    if free >= needed:
        return Sighting("disk_space")
    level: Level = "critical" if free < least else "warning"
    room = f", room for {free / checkpoint:.1f} checkpoints" if checkpoint else ""
    text = f"{free / _GIB:.2f} GiB are free where checkpoints are written{room}"
    return Sighting("disk_space", level, free, needed, needed / max(free, 1), text, {"free_bytes": free})
