"""Evaluation: base and tuned on the same rows."""
