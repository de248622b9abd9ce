"""Connections outside of transactions: the place of the one server, and what tells commits."""

from typing import Any

from sqlalchemy import Engine

_TAKE = "SELECT pg_try_advisory_lock(hashtext('brewslm server'), hashtext(coalesce(current_schema(), '')))"
_SNAPSHOT = "SELECT CAST(pg_current_snapshot() AS text)"


class OwnSession:
    """One connection of the driver, opened when it is first asked. Errors of the driver pass."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, which may have broken meanwhile."""
        return self._connection is not None

    def ask(self, question: str) -> Any:  # noqa: ANN401 - as the database answers
        """Return the one value that is asked for."""
        if self._connection is None:
            pooled = self._engine.raw_connection()
            pooled.detach()
            self._connection = pooled.dbapi_connection
            self._connection.rollback()
            self._connection.autocommit = True
        return self._connection.execute(question).fetchone()[0]

    def close(self) -> None:
        """Close it, where it is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class SnapshotLook:
    """Which transactions a reader sees, and which are still going on, as the server itself spells it."""

    def __init__(self, session: OwnSession, broken: type[Exception]) -> None:
        self._session = session
        self._broken = broken

    def stamp(self) -> object:
        """Return that; a connection that broke is replaced."""
        try:
            return self._session.ask(_SNAPSHOT)
        except self._broken:
            self._session.close()
            return self._session.ask(_SNAPSHOT)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


class SessionSeat:
    """A lock of a session: it ends with its connection, and with nothing else; who comes first has it then."""

    def __init__(self, session: OwnSession, broken: type[Exception]) -> None:
        self._session = session
        self._broken = broken

    def hold(self) -> bool:
        """Take it, or keep it; whether this process has it now."""
        if self._session.is_open:
            try:
                self._session.ask("SELECT 1")
            except self._broken:
                self._session.close()
            else:
                return True
        is_mine = False
        try:
            is_mine = bool(self._session.ask(_TAKE))
        finally:
            if not is_mine:
                self._session.close()
        return is_mine

    def leave(self) -> None:
        """Let another one have it."""
        self._session.close()
