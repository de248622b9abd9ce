"""Projects as code: reading, writing, comparing and carrying out a `brewslm.yaml`."""
