"""How trainings are."""
