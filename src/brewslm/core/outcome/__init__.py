"""What came out of a stage: its figures, and whether it may be used."""
