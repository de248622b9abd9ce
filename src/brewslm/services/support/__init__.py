"""A bundle for those who help: what they need to see, without secrets and personal data."""
