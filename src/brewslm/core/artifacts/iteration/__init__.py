"""What a next run begins with."""
