"""What trainings came to."""
