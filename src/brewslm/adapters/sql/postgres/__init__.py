"""The ledger in a database of PostgreSQL. The driver loads only where an address of one is given."""
