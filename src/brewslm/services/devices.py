"""Devices as data: what one program may hold there, how fast it reads and computes, and where each figure is from."""

from dataclasses import dataclass

from brewslm.core.artifacts.optimization import DeviceName

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and where it is from."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Device:
    """What is taken to be known about a device."""

    title: str
    runtime: str
    memory_bytes: Figure
    """What one program can hold."""
    bandwidth: Figure
    """Of memory, bytes a second."""
    arithmetic: Figure
    """Floating point operations a second, of 32 bits."""

    def told(self) -> tuple[str, ...]:
        """Spell the figures with their sources."""
        return (
            f"memory {self.memory_bytes.value / _GIB:.3g} GiB: {self.memory_bytes.source}",
            f"bandwidth {self.bandwidth.value / 1e9:.3g} GB/s: {self.bandwidth.source}",
            f"arithmetic {self.arithmetic.value / 1e9:,.0f} GFLOP/s: {self.arithmetic.source}",
            f"runtime: {self.runtime}",
        )


DEVICES: dict[DeviceName, Device] = {
    "mobile_iphone15": Device(
        "iPhone 15",
        "llama.cpp in an app (CPU or Metal)",
        Figure(3 * _GIB, "6 GiB in the device; half of it taken as the share of one app, an assumption"),
        Figure(51.2e9, "A16: LPDDR5-6400 on 64 bits, 6,400 MT/s x 8 bytes"),
        Figure(110e9, "two fast cores at 3.46 GHz with 4 x 128-bit multiply-adds taken as half used; an assumption"),
    ),
    "android_flagship": Device(
        "Android flagship",
        "llama.cpp in an app (CPU)",
        Figure(4 * _GIB, "8 GiB assumed in the device; half of it taken as the share of one app"),
        Figure(76.8e9, "Snapdragon 8 Gen 3: LPDDR5X at 4,800 MHz on 64 bits, by the maker's product brief"),
        Figure(200e9, "one core at 3.3 GHz and five at about 3 GHz, 128-bit multiply-adds; an assumption"),
    ),
    "raspberry_pi5": Device(
        "Raspberry Pi 5, 8 GiB",
        "llama.cpp (CPU)",
        Figure(7 * _GIB, "8 GiB variant of the maker's product brief, less 1 GiB for the system"),
        Figure(17.1e9, "LPDDR4X-4267 on 32 bits, by the maker's product brief: 4,267 MT/s x 4 bytes"),
        Figure(153.6e9, "four Cortex-A76 at 2.4 GHz, two 128-bit multiply-adds a cycle: 4 x 2.4 x 16"),
    ),
    "laptop_cpu": Device(
        "Laptop",
        "llama.cpp (CPU)",
        Figure(12 * _GIB, "16 GiB assumed, less 4 GiB for the system"),
        Figure(76.8e9, "two channels of DDR5-4800 assumed: 2 x 8 bytes x 4,800 MT/s"),
        Figure(384e9, "four fast cores at 3 GHz with AVX2 assumed: 4 x 3 x 32"),
    ),
    "browser_webgpu": Device(
        "Browser",
        "llama.cpp in WebAssembly, or on WebGPU",
        Figure(2 * _GIB, "a tab's ArrayBuffer is limited to about 2 GiB; browsers differ"),
        Figure(38.4e9, "half of a laptop's two channels of DDR5-4800, an assumption"),
        Figure(100e9, "a quarter of a laptop's processor in WebAssembly with 128-bit SIMD, an assumption"),
    ),
    "edge_gpu_8gb": Device(
        "Edge GPU, 8 GiB",
        "llama.cpp (CUDA)",
        Figure(7 * _GIB, "8 GiB on the board, shared with the system; 1 GiB of it for that"),
        Figure(68e9, "Jetson Orin Nano 8 GB, by the maker's data sheet"),
        Figure(1.28e12, "1,024 cores at 625 MHz, by the maker's data sheet, two operations a cycle"),
    ),
    "server_gpu": Device(
        "Server GPU",
        "llama.cpp (CUDA), or vLLM",
        Figure(22 * _GIB, "24 GiB card, less 2 GiB for the runtime"),
        Figure(300e9, "NVIDIA L4, by the maker's data sheet"),
        Figure(30.3e12, "NVIDIA L4, by the maker's data sheet"),
    ),
}
