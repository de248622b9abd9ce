"""Is a training well: one pure judge over the records of any training, live or replayed."""
