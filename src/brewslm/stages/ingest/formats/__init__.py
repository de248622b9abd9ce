"""One reader per format; each yields batches of rows and never fails over a single record."""
