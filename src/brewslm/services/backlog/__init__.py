"""The backlog: looking for what a next run should mend, comparing runs, taking entries up."""
