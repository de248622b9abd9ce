"""What can be learned about the installation before a workspace can be opened."""

import contextlib

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.adapters.sources.locators import LocalSources
from brewslm.adapters.sql.migrate import revision_of
from brewslm.adapters.sql.schema import HEAD
from brewslm.adapters.sql.sqlite.driver import OLDEST_SAFE_WAL, load_driver
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.adapters.system.machine import SystemMachine
from brewslm.bootstrap.ledger import database_of
from brewslm.bootstrap.settings import Settings
from brewslm.core.ports.base_models import BaseModels
from brewslm.core.ports.machine import Machine
from brewslm.core.ports.source import Sources


def machine() -> Machine:
    """Look at the machine."""
    return SystemMachine()


def bundled_models() -> BaseModels:
    """Base models, without the network."""
    return LocalBaseModels(is_offline=True)


def bundled_sources() -> Sources:
    """Bundled samples and local files."""
    return LocalSources()


def sqlite_version() -> tuple[str, bool]:
    """Return the version of the SQLite in use, and whether it is safe in WAL mode.

    Raises:
        WorkspaceError: it is too old.
    """
    driver = load_driver()
    return str(driver.sqlite_version), driver.sqlite_version_info >= OLDEST_SAFE_WAL


def postgres_state(settings: Settings) -> str:
    """Say which PostgreSQL holds the ledger, and what is there; nothing is made or changed.

    Raises:
        InvalidRequestError: its address is none.
        WorkspaceError: it cannot be used.
    """
    database = database_of(settings)
    with contextlib.closing(SqlStorage(database)) as storage, storage.reading() as connection:
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        revision = revision_of(connection)
    states = {None: "still empty", HEAD: f"schema {HEAD}"}
    state = states.get(revision, f"schema {revision}, which the next command brings to {HEAD}")
    return f"PostgreSQL {version} at {database.name}, {state}"
