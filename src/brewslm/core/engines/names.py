"""The engines that exist."""

from typing import Literal

EngineName = Literal["local", "slurm"]
"""local: this machine. slurm: a Slurm cluster, by `sbatch`."""
