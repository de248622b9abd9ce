"""Advice from language models."""
