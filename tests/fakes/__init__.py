"""Real small implementations of core's ports, in memory. `tests/contracts` holds them to the same promises."""
