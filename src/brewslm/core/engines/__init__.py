"""Where workers are brought to life: this machine, a Ray cluster, a Slurm cluster."""
