"""How often a server took the workspace: a rising number, by which an older one sees that it is replaced."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from brewslm.adapters.sql.schema import server_leader
from brewslm.adapters.sql.storage import SqlStorage

_ONLY_ROW = 1
_EPOCH = select(server_leader.c.epoch).where(server_leader.c.id == _ONLY_ROW)


class SqlServerEpochs:
    """The one row of `server_leader`."""

    def __init__(self, storage: SqlStorage) -> None:
        self._storage = storage

    def take(self, owner: str, *, at: datetime) -> int:
        """Begin the next epoch in the name of `owner`, and return it."""
        with self._storage.writing() as connection:
            epoch = (connection.scalar(_EPOCH) or 0) + 1
            row = {"id": _ONLY_ROW, "epoch": epoch, "owner": owner, "started_at": at}
            connection.execute(insert(server_leader).values(row).on_conflict_do_update(index_elements=["id"], set_=row))
        return epoch

    def newest(self) -> int:
        """Return the present epoch; 0 where no server has ever been."""
        with self._storage.reading() as connection:
            return int(connection.scalar(_EPOCH) or 0)
