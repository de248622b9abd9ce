"""Checkpoints on disk: what they say of themselves, whether that is true, and which of them is meant. No torch."""
