"""Export: adapter and base become one model, proven to be the same."""
