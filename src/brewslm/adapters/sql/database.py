"""What a database has to offer so that it can hold the ledger."""

from typing import Literal, Protocol

from sqlalchemy import Engine

Use = Literal["write", "read"]


class Look(Protocol):
    """What tells commits, by a connection of its own."""

    def stamp(self) -> object:
        """Return what is another value once somebody has committed. Errors of the driver pass."""

    def close(self) -> None:
        """Give the connection back."""


class Seat(Protocol):
    """The place of the one server, which only one process has at a time."""

    def hold(self) -> bool:
        """Take it, or keep it; whether this process has it now."""

    def leave(self) -> None:
        """Let another one have it."""


class Database(Protocol):
    """A file of SQLite, or a database of PostgreSQL."""

    @property
    def name(self) -> str:
        """What messages call it; never with a password."""

    @property
    def driver_error(self) -> type[Exception]:
        """What the driver raises where SQLAlchemy is not between."""

    def engine(self, use: Use) -> Engine:
        """Return a pool of connections; those for `write` take the ledger's one lock as they begin."""

    def explain(self, error: Exception, *, use: Use) -> Exception | None:
        """Return the error that a person can act on; None where it is not known as one."""

    def is_away(self, error: Exception) -> bool:
        """Whether the database cannot be reached just now, so that waiting may help."""

    def look(self, reader: Engine) -> Look:
        """Return what tells commits."""

    def seat(self) -> Seat:
        """Return the place of the one server."""
