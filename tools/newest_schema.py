"""Write what a new SQLite ledger is made of in one go: `python tools/newest_schema.py`, after a new migration."""

import sys

from sqlalchemy import create_engine

from brewslm.adapters.sql.migrate import NEWEST, migrate, statements_of

FIRST = "0001"


def text() -> str:
    """Migrate an empty database step by step, and spell what came of it."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection, "memory", target=FIRST)
        migrate(connection, "memory")
        statements = statements_of(connection)
    engine.dispose()
    return "\n\n".join(f"{statement};" for statement in statements) + "\n"


def main() -> int:
    """Write the file."""
    NEWEST.write_text(text(), encoding="utf-8")
    print(f"newest schema: {NEWEST.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
