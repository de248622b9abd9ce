"""What is sent to followers: rows of the ledger as named frames, in pages that begin at a cursor."""
