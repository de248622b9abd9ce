"""Types of columns that hold the same in both databases."""

from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator

WHOLE = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits; SQLite gives its rows their own numbers only where the column is called INTEGER."""

REPLACEMENT = "\ufffd"


class PlainText(TypeDecorator[str]):
    """Text. PostgreSQL has no place for NUL, so the mark for what cannot be shown stands there instead."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace NUL where the database cannot keep it."""
        return value.replace("\0", REPLACEMENT) if value and dialect.name == "postgresql" else value
