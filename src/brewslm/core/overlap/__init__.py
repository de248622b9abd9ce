"""What examples share with each other: with other splits, and with golden sets."""
