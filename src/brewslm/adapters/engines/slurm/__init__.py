"""Slurm: trainings as jobs of a cluster, by its own commands."""
