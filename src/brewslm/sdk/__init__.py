"""What a user imports. Still empty: use the HTTP API or `brewslm … --json` until it is written."""
