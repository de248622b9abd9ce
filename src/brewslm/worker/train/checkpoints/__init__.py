"""Checkpoints: visible means whole. Written aside, hashed, fsynced, manifest last, then renamed into place."""
