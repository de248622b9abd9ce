"""Tokens, as far as stages and workers must agree on them."""
