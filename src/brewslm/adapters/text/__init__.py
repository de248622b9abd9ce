"""Adapters of libraries that look at texts."""
