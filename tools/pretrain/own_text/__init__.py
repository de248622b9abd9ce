"""The project's own part of the corpus: varied short texts and conversations, deterministic by seed."""
