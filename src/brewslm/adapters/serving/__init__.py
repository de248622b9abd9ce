"""Serving processes on this machine, and the files of endpoints."""
