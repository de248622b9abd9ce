"""The engines that exist."""

from typing import Literal

EngineName = Literal["local", "ray", "slurm"]
"""local: this machine. ray: a Ray cluster, by its Jobs API. slurm: a Slurm cluster, by `sbatch`."""
