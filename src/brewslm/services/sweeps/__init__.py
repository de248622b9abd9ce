"""Several trainings on the same data that differ in a few fields of their recipes."""
