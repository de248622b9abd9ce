"""Data sets of the Hugging Face hub: how they are named, which of their files are data, and fetching those."""
