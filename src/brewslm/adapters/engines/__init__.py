"""Engines: what brings a worker to life."""
