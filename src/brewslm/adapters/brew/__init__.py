"""The user's own code in a process of its own, and the runs of it."""
