"""Training: a low-rank adapter on a frozen base."""
