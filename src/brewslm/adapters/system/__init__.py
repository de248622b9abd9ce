"""The machine and its clock."""
