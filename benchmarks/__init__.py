"""Benchmarks: each prints measured figures beside a peer or a limit."""
