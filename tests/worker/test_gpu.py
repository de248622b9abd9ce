"""A GPU says how it is, as far as its driver knows."""

from types import SimpleNamespace
from typing import Any

from brewslm.core.wire.progress import Vitals
from brewslm.worker.vitals.gpu import Gpu


class NvmlError(Exception):
    """What the library raises."""


def refuse(*_arguments: Any) -> Any:
    raise NvmlError("not supported")


def library(**changed: Any) -> Any:
    """Return the library of a driver, as far as it is asked; `xids` errors have been reported."""
    nvml = SimpleNamespace(reasons=0x04, ecc=3, xids=0)

    def wait(_events: str, _milliseconds: int) -> str:
        if not nvml.xids:
            raise NvmlError("timeout")
        nvml.xids -= 1
        return "an event"

    unknown_field = SimpleNamespace(nvmlReturn=3, value=SimpleNamespace(uiVal=0))
    vars(nvml).update(
        {
            "NVMLError": NvmlError,
            "NVML_FI_DEV_MEMORY_TEMP": 82,
            "nvmlEventTypeXidCriticalError": 8,
            "nvmlDeviceGetUtilizationRates": lambda _handle: SimpleNamespace(gpu=87),
            "nvmlDeviceGetMemoryInfo": lambda _handle: SimpleNamespace(used=70, total=80),
            "nvmlDeviceGetTemperature": lambda _handle, _which: 61,
            "nvmlDeviceGetFieldValues": lambda _handle, _fields: [unknown_field],
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda _handle: nvml.reasons,
            "nvmlDeviceGetTotalEccErrors": lambda _handle, _kind, _counter: nvml.ecc,
            "nvmlEventSetCreate": lambda: "events",
            "nvmlDeviceRegisterEvents": lambda _handle, _kind, _events: None,
            "nvmlEventSetWait_v2": wait,
            **changed,
        }
    )
    return nvml


def test_what_the_driver_knows_is_told_and_a_power_cap_is_no_trouble() -> None:
    nvml = library()
    gpu = Gpu(nvml, "handle")
    known = Vitals.model_validate(gpu.read())
    assert (known.utilisation, known.memory_bytes, known.memory_limit_bytes) == (0.87, 70, 80)
    assert (known.temperature, known.memory_temperature, known.throttled_by) == (61.0, None, ())
    assert known.num_device_errors == 3
    nvml.reasons, nvml.xids = 0x44, 2
    known = Vitals.model_validate(gpu.read())
    assert known.throttled_by == ("heat, by the hardware",)
    assert known.num_device_errors == 5
    nvml.ecc = 4
    assert gpu.read()["num_device_errors"] == 6


def test_what_a_driver_does_not_know_stays_unknown() -> None:
    gpu = Gpu(
        library(nvmlDeviceGetTotalEccErrors=refuse, nvmlEventSetCreate=refuse, nvmlDeviceGetUtilizationRates=refuse),
        "handle",
    )
    assert gpu.read().keys() == {"memory_bytes", "memory_limit_bytes", "temperature", "throttled_by"}
