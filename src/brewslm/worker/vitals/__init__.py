"""How the machine is beside a training."""
