"""A database of PostgreSQL as the ledger's. One lock makes writers take turns, as SQLite's does.

The lock is what keeps numbers in the order of commits: who counts events has it until the commit, so that no reader
ever sees a number before the one below it.
"""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from brewslm.adapters.sql.database import Use
from brewslm.adapters.sql.postgres.failures import explain, is_away
from brewslm.adapters.sql.postgres.sessions import OwnSession, SessionSeat, SnapshotLook
from brewslm.core.errors import InvalidRequestError, WorkspaceError

OLDEST_USABLE = 130000
"""PostgreSQL 13, the first with `pg_current_snapshot`; as its own programs number versions."""

_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SHOWN = ("host", "port")
_KEYS = "hashtext('brewslm ledger'), hashtext(coalesce(current_schema(), ''))"
"""The ledger's lock: of this database, for the schema in which the tables lie."""
_TAKE_TURN = text(f"SELECT pg_advisory_xact_lock({_KEYS})")
_ALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""A machine that has gone must not keep the lock for the two hours that are usual."""


class PostgresDatabase:
    """Implements `Database`."""

    def __init__(self, url: URL, *, busy_timeout_seconds: float) -> None:
        """Bind it; nothing is opened yet.

        Raises:
            WorkspaceError: the driver is missing.
        """
        try:
            import psycopg
        except ImportError as error:
            message = (
                f"{shown(url)!r} is of PostgreSQL, whose driver `psycopg` is missing; `pip install 'brewslm[postgres]'`"
            )
            raise WorkspaceError(message) from error
        self.name = shown(url)
        self.driver_error: type[Exception] = psycopg.Error
        self._timeout = busy_timeout_seconds
        query = {name: value for name, value in url.query.items() if name != "options"}
        self._url = url.set(drivername="postgresql+psycopg", query=query)
        given = url.query.get("options", ())
        own = f"-c lock_timeout={round(busy_timeout_seconds * 1000)} {_ALIVE}"
        self._settings = {
            "options": " ".join([*((given,) if isinstance(given, str) else given), own]),
            "connect_timeout": max(2, round(busy_timeout_seconds)),
            "application_name": "brewslm",
        }

    def engine(self, use: Use) -> Engine:
        """Return a pool of connections to the database."""
        from psycopg import IsolationLevel

        engine = create_engine(
            self._url,
            connect_args=self._settings,
            max_overflow=-1,
            # A writer's first question is the lock; a reader's is its caller's, for whom it is too late to try again.
            pool_pre_ping=use == "read",
            use_native_hstore=False,
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - as the driver has it
            self._refuse_unfit(connection.info)
            is_reader = use == "read"
            # A reader has one view for its whole transaction; a writer sees what was committed before its turn came.
            connection.isolation_level = IsolationLevel.REPEATABLE_READ if is_reader else IsolationLevel.READ_COMMITTED
            connection.read_only = is_reader

        if use == "write":

            @event.listens_for(engine, "begin")
            def _begin(connection: Connection) -> None:
                connection.execute(_TAKE_TURN)

        return engine

    def explain(self, error: Exception, *, use: Use) -> Exception | None:
        """Return the error that a person can act on."""
        return explain(_cause(error), self.name, use=use, busy_timeout_seconds=self._timeout)

    def is_away(self, error: Exception) -> bool:
        """Whether the server cannot be reached, begins or ends."""
        return is_away(_cause(error))

    def look(self, reader: Engine) -> SnapshotLook:
        """Return what tells commits."""
        return SnapshotLook(OwnSession(reader), self.driver_error)

    def seat(self) -> SessionSeat:
        """Return the place of the one server."""
        return SessionSeat(OwnSession(self.engine("read")), self.driver_error)

    def _refuse_unfit(self, info: Any) -> None:  # noqa: ANN401 - as the driver has it
        if info.server_version < OLDEST_USABLE:
            version = info.parameter_status("server_version")
            message = f"{self.name!r} is PostgreSQL {version}; BrewSLM needs {OLDEST_USABLE // 10000} or newer."
            raise WorkspaceError(message)
        encoding = info.parameter_status("server_encoding")
        if encoding != "UTF8":
            message = (
                f"{self.name!r} has the encoding {encoding}, which does not hold every text; make another one with "
                "`createdb --encoding=UTF8 --template=template0 NAME`."
            )
            raise WorkspaceError(message)


def postgres_at(address: str, *, busy_timeout_seconds: float) -> PostgresDatabase:
    """Return the database at an address such as `postgresql://user@host:5432/name`.

    Raises:
        InvalidRequestError: it is none; the message does not repeat it, because it may hold a password.
        WorkspaceError: the driver is missing.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _SCHEMES or not url.database:
        message = (
            "The address of the database cannot be read; write it as postgresql://USER@HOST:5432/NAME, with characters "
            "such as / and @ in a password spelled %2F and %40, or keep the password in ~/.pgpass."
        )
        raise InvalidRequestError(message)
    return PostgresDatabase(url, busy_timeout_seconds=busy_timeout_seconds)


def shown(url: URL) -> str:
    """Spell an address without its password and its options."""
    query = {name: value for name, value in url.query.items() if name in _SHOWN}
    without = URL.create("postgresql", url.username, host=url.host, port=url.port, database=url.database, query=query)
    return without.render_as_string()


def _cause(error: Exception) -> Exception:
    return error.orig if isinstance(error, DBAPIError) and isinstance(error.orig, Exception) else error
