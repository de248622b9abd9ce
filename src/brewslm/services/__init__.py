"""When things happen, and who writes it down."""
