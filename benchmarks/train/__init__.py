"""The training engine against its peers: speed, memory, time to the first step, and proof that all do the same work."""
