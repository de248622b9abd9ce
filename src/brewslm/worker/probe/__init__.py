"""Base models side by side."""
