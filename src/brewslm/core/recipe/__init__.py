"""What to train and how: every value typed, ranged and explained."""
