"""Whole lives with one fault each, struck at random: the proof that nobody has to sit beside a training."""
