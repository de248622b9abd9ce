"""How a model answers: its template, greedy generation, and how fast it is."""
