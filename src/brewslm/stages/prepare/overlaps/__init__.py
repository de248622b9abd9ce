"""What is asked in two places, and what is done about it."""
