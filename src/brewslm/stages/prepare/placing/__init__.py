"""Which split each example is in."""
