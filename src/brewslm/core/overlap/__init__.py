"""What is asked in two places: pairs of like texts, and golden texts in train."""
