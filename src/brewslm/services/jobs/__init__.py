"""Jobs: queueing, claiming, running, following, cancelling."""
