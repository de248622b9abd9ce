"""Reading files that people write, strictly."""
