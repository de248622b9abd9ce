"""The ledger in a SQL database. No SQL, and no object of SQLAlchemy, leaves this package."""
