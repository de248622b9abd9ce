"""Being the one server of a workspace."""

import time
from dataclasses import dataclass

from brewslm.adapters.sql.epochs import SqlServerEpochs
from brewslm.adapters.system.leader import WorkspaceLock, lock_workspace
from brewslm.adapters.system.owner import is_owner_gone
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import ConflictError

GONE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Leadership:
    """The kernel's lock, and the epoch that the ledger knows this server by."""

    lock: WorkspaceLock
    epochs: SqlServerEpochs
    epoch: int

    def is_current(self) -> bool:
        """Whether no other server has begun, which only a lost lock file or a restarted database allow."""
        self.epochs.hold()  # the place in the database is lost with its connection, and another server counts an epoch
        return self.lock.is_current() and self.epochs.newest() == self.epoch


def open_as_leader(settings: Settings) -> tuple[House, Leadership]:
    """Open the workspace as its one server. Commands beside it stay welcome: jobs are fenced by their leases.

    Raises:
        ConflictError: another server has it, or its database.
        WorkspaceError: it cannot be used.
    """
    lock = lock_workspace(settings.home)
    house = open_house(settings, actor="api")
    _take_seat(house.epochs)
    epoch = house.epochs.take(lock.owner, at=house.ports.clock.now())
    return house, Leadership(lock, house.epochs, epoch)


def _take_seat(epochs: SqlServerEpochs) -> None:
    """Take the place of the one server in the database, which needs a moment to see that a killed one has gone."""
    deadline = time.monotonic() + GONE_SECONDS
    while not epochs.hold():
        owner = epochs.owner()
        if time.monotonic() > deadline or not (owner and is_owner_gone(owner)):
            message = (
                f"the ledger {epochs.place!r} is being served already, by {owner or 'another process'!r}; stop that "
                "server, or name another database (BREWSLM_DATABASE_URL)"
            )
            raise ConflictError(message)
        time.sleep(0.1)
