"""A deployed model in a process of its own, behind an OpenAI-compatible HTTP face."""
