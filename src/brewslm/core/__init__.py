"""The shared language: nouns, artifacts, events, recipes, wire formats and ports. Python and pydantic only."""
