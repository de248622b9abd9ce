"""Ports for readers of the ledger: followers, pages, charts."""
