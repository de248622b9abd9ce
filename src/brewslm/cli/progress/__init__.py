"""Following work by reading the database: the same view for work done here and by another process."""
