"""The place of the one server, as a lock of a session: it ends with its connection, and with nothing else."""

from typing import Any

from sqlalchemy import Engine

_TAKE = "SELECT pg_try_advisory_lock(hashtext('brewslm server'), hashtext(coalesce(current_schema(), '')))"


class SessionSeat:
    """Implements `Seat`. Where the database restarts, the place is free for a moment; who comes first has it then."""

    def __init__(self, engine: Engine, broken: type[Exception]) -> None:
        self._engine = engine
        self._broken = broken
        self._session: Any = None

    def hold(self) -> bool:
        """Take it, or keep it; whether this process has it now. Errors of the driver pass."""
        if self._session is not None:
            try:
                self._session.execute("SELECT 1")
            except self._broken:
                self.leave()
            else:
                return True
        pooled = self._engine.raw_connection()
        pooled.detach()
        session: Any = pooled.dbapi_connection
        is_mine = False
        try:
            session.rollback()
            session.autocommit = True
            (is_mine,) = session.execute(_TAKE).fetchone()
        finally:
            if not is_mine:
                session.close()
        self._session = session if is_mine else None
        return bool(is_mine)

    def leave(self) -> None:
        """Let another one have it."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
