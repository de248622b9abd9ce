"""What is done when a training fails."""
