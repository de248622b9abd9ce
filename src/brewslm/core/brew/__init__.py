"""Code first: what a `brew.py` says, and what is said between its process and ours."""
