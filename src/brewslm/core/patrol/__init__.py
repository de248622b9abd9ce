"""The patrol: what a round asks, when one is due, and who walks it."""
