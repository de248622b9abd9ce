"""One file for each family of shapes: what its records look like, and what is refused of them."""
