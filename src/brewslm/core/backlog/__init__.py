"""What a next run should mend, kept across runs."""
