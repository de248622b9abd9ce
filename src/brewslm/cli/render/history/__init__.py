"""Pages about what has happened."""
