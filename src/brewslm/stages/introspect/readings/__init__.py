"""One file for each family of readings: what speaks for it, and which columns it takes."""
