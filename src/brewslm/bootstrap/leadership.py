"""Being the one server of a workspace."""

from dataclasses import dataclass

from brewslm.adapters.sql.epochs import SqlServerEpochs
from brewslm.adapters.system.leader import WorkspaceLock, lock_workspace
from brewslm.bootstrap.container import House, open_house
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Leadership:
    """The kernel's lock, and the epoch that the ledger knows this server by."""

    lock: WorkspaceLock
    epochs: SqlServerEpochs
    epoch: int

    def is_current(self) -> bool:
        """Whether no other server has begun, which only a lost lock file or a restarted database allow."""
        return self.lock.is_current() and self.epochs.hold() and self.epochs.newest() == self.epoch


def open_as_leader(settings: Settings) -> tuple[House, Leadership]:
    """Open the workspace as its one server. Commands beside it stay welcome: jobs are fenced by their leases.

    Raises:
        ConflictError: another server has it.
        WorkspaceError: it cannot be used.
    """
    lock = lock_workspace(settings.home)
    house = open_house(settings, actor="api")
    if not house.epochs.hold():
        message = (
            f"the ledger {house.epochs.place!r} is being served already, by the process {house.epochs.owner()!r}; stop "
            "that server, or name another database (BREWSLM_DATABASE_URL)"
        )
        raise ConflictError(message)
    epoch = house.epochs.take(lock.owner, at=house.ports.clock.now())
    return house, Leadership(lock, house.epochs, epoch)
