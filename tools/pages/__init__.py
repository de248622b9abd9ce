"""The pages of docs/ that come out of the code."""
