"""Drawings as pixels."""
