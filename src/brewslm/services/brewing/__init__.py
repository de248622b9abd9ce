"""Code first: reading a `brew.py`, running it, and calling the user's code back."""
