"""One file per noun. Routes are thin: they take ids and requests, and return what core already has a model for."""
