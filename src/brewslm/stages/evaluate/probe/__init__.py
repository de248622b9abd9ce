"""General ability, before and after: a small set that was written for this."""
