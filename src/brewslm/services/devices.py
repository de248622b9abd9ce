"""Devices as data. What is not known is None; nothing about a device's speed is claimed before it is measured."""

from dataclasses import dataclass

from brewslm.core.artifacts.optimization import DeviceName

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Device:
    """What is known about a device."""

    title: str
    memory_bytes: int | None
    """What one program can hold; None where it is not known."""
    source: str


DEVICES: dict[DeviceName, Device] = {
    "mobile_iphone15": Device(
        "iPhone 15",
        3 * _GIB,
        "6 GiB in the device; half of it taken as the share of one app, a conservative assumption",
    ),
    "android_flagship": Device(
        "Android flagship", 4 * _GIB, "8 GiB assumed in the device; half of it taken as the share of one app"
    ),
    "raspberry_pi5": Device(
        "Raspberry Pi 5, 8 GiB", 7 * _GIB, "8 GiB variant of the maker's data sheet, less 1 GiB for the system"
    ),
    "laptop_cpu": Device("Laptop", 12 * _GIB, "16 GiB assumed, less 4 GiB for the system"),
    "browser_webgpu": Device(
        "Browser with WebGPU", 2 * _GIB, "a tab's common limit is taken as 2 GiB; browsers differ"
    ),
    "edge_gpu_8gb": Device("Edge GPU, 8 GiB", 7 * _GIB, "8 GiB on the board, less 1 GiB for the runtime"),
    "server_gpu": Device("Server GPU", 22 * _GIB, "24 GiB card assumed, less 2 GiB for the runtime"),
}
