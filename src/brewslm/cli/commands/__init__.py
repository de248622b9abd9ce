"""One file per noun. What is heavy is imported inside the functions, so that `--help` answers at once."""
