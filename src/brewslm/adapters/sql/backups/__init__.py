"""Copies of the ledger: a backup is a ledger in one file of SQLite, whichever database it was taken from."""
