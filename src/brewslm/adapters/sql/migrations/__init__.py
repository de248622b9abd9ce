"""Migrations: the only place where tables are made or changed."""
