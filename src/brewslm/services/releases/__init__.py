"""Releases: what is on its way to clients."""
