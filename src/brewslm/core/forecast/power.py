"""What devices draw and what energy costs, as data with sources: estimates, until somebody says better."""

from dataclasses import dataclass

from brewslm.core.ports.machine import MachineFacts


@dataclass(frozen=True, slots=True)
class Power:
    """What a device draws under full load."""

    watts: float
    source: str


_MAKER = "the maker's data sheet, board power"
GPUS: tuple[tuple[str, Power], ...] = (
    ("B200", Power(1000, _MAKER)),
    ("H200 NVL", Power(600, _MAKER)),
    ("H200", Power(700, _MAKER)),
    ("H100 NVL", Power(400, _MAKER)),
    ("H100 PCIe", Power(350, _MAKER)),
    ("H100", Power(700, _MAKER)),
    ("A100-PCIE-40GB", Power(250, _MAKER)),
    ("A100 80GB PCIe", Power(300, _MAKER)),
    ("A100", Power(400, _MAKER)),
    ("L40S", Power(350, _MAKER)),
    ("L40", Power(300, _MAKER)),
    ("L4", Power(72, _MAKER)),
    ("A10G", Power(300, _MAKER)),
    ("A10", Power(150, _MAKER)),
    ("T4", Power(70, _MAKER)),
    ("V100-PCIE", Power(250, _MAKER)),
    ("V100", Power(300, _MAKER)),
    ("RTX 6000 Ada", Power(300, _MAKER)),
    ("RTX A6000", Power(300, _MAKER)),
    ("RTX A5000", Power(230, _MAKER)),
    ("RTX 5090", Power(575, _MAKER)),
    ("RTX 5080", Power(360, _MAKER)),
    ("RTX 4090", Power(450, _MAKER)),
    ("RTX 4080", Power(320, _MAKER)),
    ("RTX 4070", Power(200, _MAKER)),
    ("RTX 3090", Power(350, _MAKER)),
    ("RTX 3080", Power(320, _MAKER)),
    ("RTX 3060", Power(170, _MAKER)),
)
"""A part of the name that the driver gives, the longer before the shorter, to what the board draws."""

UNKNOWN_GPU = Power(300, "assumed for a GPU that the table does not know")
WATTS_PER_CORE = 10.0
WATTS_BESIDE = 20.0
"""Of a CPU and what is beside it (memory, disk, supply): assumed, between a laptop and a server."""

PRICE_PER_KWH = 0.29
PRICE_SOURCE = "electricity at 0.29 EUR a kWh: households of the EU, first half of 2024 (Eurostat, nrg_pc_204)"
"""Where no price is given. Prices of rented machines change by the week: name yours as `budget.cost_per_hour`."""


def power_of(machine: MachineFacts) -> Power:
    """Return what a training draws on this machine: one GPU, or all cores."""
    if machine.gpus:
        name = machine.gpus[0]
        return next((power for part, power in GPUS if part in name), UNKNOWN_GPU)
    watts = WATTS_BESIDE + WATTS_PER_CORE * machine.num_cores
    cores = "1 core" if machine.num_cores == 1 else f"{machine.num_cores} cores"
    return Power(watts, f"{cores} at {WATTS_PER_CORE:g} W and {WATTS_BESIDE:g} W beside, assumed")
