"""One file per thing that a stage produces."""
