"""What rows and examples are: the values that tables hold."""
