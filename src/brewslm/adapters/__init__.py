"""Implementations of core's ports. They know only core, and only bootstrap imports them."""
