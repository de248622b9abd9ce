"""Readings by family: what each looks for in columns and values."""
