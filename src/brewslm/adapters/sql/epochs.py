"""How often a server took the workspace: a rising number, by which an older one sees that it is replaced."""

from datetime import datetime

from sqlalchemy import select

from brewslm.adapters.sql.schema import server_leader
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.adapters.sql.upserts import put

_ONLY_ROW = 1
_EPOCH = select(server_leader.c.epoch).where(server_leader.c.id == _ONLY_ROW)


class SqlServerEpochs:
    """The one row of `server_leader`."""

    def __init__(self, storage: SqlStorage) -> None:
        self._storage = storage

    @property
    def place(self) -> str:
        """The ledger's database, as messages call it."""
        return self._storage.database.name

    def hold(self) -> bool:
        """Keep other servers, of other workspaces too, from leading on this ledger; whether this one may lead."""
        return self._storage.hold_seat()

    def owner(self) -> str:
        """Return who took the workspace last; empty where no server has ever been."""
        with self._storage.reading() as connection:
            return connection.scalar(select(server_leader.c.owner).where(server_leader.c.id == _ONLY_ROW)) or ""

    def take(self, owner: str, *, at: datetime) -> int:
        """Begin the next epoch in the name of `owner`, and return it."""
        with self._storage.writing() as connection:
            epoch = (connection.scalar(_EPOCH) or 0) + 1
            row = {"id": _ONLY_ROW, "epoch": epoch, "owner": owner, "started_at": at}
            connection.execute(put(connection, server_leader, "id"), row)
        return epoch

    def newest(self) -> int:
        """Return the present epoch; 0 where no server has ever been."""
        with self._storage.reading() as connection:
            return int(connection.scalar(_EPOCH) or 0)
