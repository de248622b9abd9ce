"""Looking at data: its tables, and how healthy it is."""
