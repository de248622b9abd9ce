"""Benchmarks of base models on a project's own rows."""
