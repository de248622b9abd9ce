"""What can be learned about the installation before a workspace can be opened."""

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.adapters.sources.locators import LocalSources
from brewslm.adapters.sql.sqlite.driver import OLDEST_SAFE_WAL, load_driver
from brewslm.adapters.system.machine import SystemMachine
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
