"""What crosses the border to a worker process. The run directory is the border; nothing else is shared."""
