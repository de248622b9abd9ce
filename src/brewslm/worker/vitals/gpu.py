"""How a GPU is, by the library of its driver (NVML); loaded only where one trains."""

import logging
from collections.abc import Callable
from typing import Any

import torch

log = logging.getLogger(__name__)

SLOWED_BY = {
    0x08: "hardware slowdown",
    0x20: "heat, by the driver",
    0x40: "heat, by the hardware",
    0x80: "power brake",
}
"""Bits of NVML's reasons for lower clocks that mean trouble. A power cap (0x04) is usual under full load."""
_UNCORRECTED, _SINCE_BOOT = 1, 0
"""NVML_MEMORY_ERROR_TYPE_UNCORRECTED and NVML_VOLATILE_ECC."""
_CORE = 0
"""NVML_TEMPERATURE_GPU."""


class Gpu:
    """One GPU. What its driver does not tell stays unknown."""

    def __init__(self, nvml: Any, handle: Any) -> None:  # noqa: ANN401 - the library has no types
        """Take the loaded library, and its handle of the device."""
        self._nvml, self._handle = nvml, handle
        self._num_xid = 0
        self._events = self._ask(self._listen)

    def read(self) -> dict[str, object]:
        """Return fields of `Vitals`."""
        nvml, handle = self._nvml, self._handle
        utilisation = self._ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)
        memory = self._ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        known: dict[str, object] = {
            "utilisation": utilisation,
            "memory_bytes": None if memory is None else int(memory.used),
            "memory_limit_bytes": None if memory is None else int(memory.total),
            "temperature": self._ask(lambda: float(nvml.nvmlDeviceGetTemperature(handle, _CORE))),
            "memory_temperature": self._ask(self._memory_temperature),
            "throttled_by": self._ask(self._throttled_by),
            "num_device_errors": self._num_errors(),
        }
        return {name: value for name, value in known.items() if value is not None}

    def _ask(self, question: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the question gives
        """Return the answer; None where this device, driver or library does not know it."""
        try:
            return question()
        except (self._nvml.NVMLError, AttributeError):
            return None

    def _memory_temperature(self) -> float | None:
        (field,) = self._nvml.nvmlDeviceGetFieldValues(self._handle, [self._nvml.NVML_FI_DEV_MEMORY_TEMP])
        return float(field.value.uiVal) if field.nvmlReturn == 0 else None

    def _throttled_by(self) -> tuple[str, ...]:
        reasons = self._nvml.nvmlDeviceGetCurrentClocksThrottleReasons(self._handle)
        return tuple(name for bit, name in SLOWED_BY.items() if reasons & bit)

    def _num_errors(self) -> int | None:
        """Count uncorrected errors of memory, and what the driver reported since the training began."""
        counted = self._ask(
            lambda: int(self._nvml.nvmlDeviceGetTotalEccErrors(self._handle, _UNCORRECTED, _SINCE_BOOT))
        )
        if self._events is not None:
            while self._ask(lambda: self._nvml.nvmlEventSetWait_v2(self._events, 0)) is not None:
                self._num_xid += 1
        return None if counted is None and self._events is None else (counted or 0) + self._num_xid

    def _listen(self) -> Any:  # noqa: ANN401 - the library has no types
        events = self._nvml.nvmlEventSetCreate()
        self._nvml.nvmlDeviceRegisterEvents(self._handle, self._nvml.nvmlEventTypeXidCriticalError, events)
        return events


def open_gpu(device: torch.device) -> Gpu | None:
    """Return the GPU that a training uses; None where it uses none, or its driver's library is not there."""
    if device.type != "cuda":
        return None
    try:
        import pynvml as nvml

        nvml.nvmlInit()
        # By its own name: an index would be another device's where CUDA_VISIBLE_DEVICES leaves some out.
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
    except Exception as error:  # noqa: BLE001 - whatever a driver does, the training goes on without it
        log.warning("the GPU cannot be watched (%s); install nvidia-ml-py, and look at the driver", error)
        return None
    return Gpu(nvml, handle)
