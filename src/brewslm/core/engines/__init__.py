"""Where workers are brought to life: this machine, or a Slurm cluster."""
