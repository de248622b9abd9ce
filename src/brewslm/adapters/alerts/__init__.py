"""Channels that carry alerts, and the file that names them."""
