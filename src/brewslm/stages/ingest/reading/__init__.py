"""From the bytes of a file to batches of rows: encoding, lines, records, the table."""
