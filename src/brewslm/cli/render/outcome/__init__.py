"""Pages about what came out of a stage."""
