"""The worker: one process, one order, one run directory. Torch lives here; of the house it knows only core."""
