"""What pytest should leave alone here."""

collect_ignore = ["peers", "__main__.py"]
"""The former are scripts for other environments, which do their work when they are loaded."""
