"""What the watch over trainings remembers, its lines, and who watches."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from brewslm.adapters.sql.schema import monitor_states, watch_checks, watchers
from brewslm.adapters.sql.upserts import put, put_new
from brewslm.core.health.watch import WatchCheck
from brewslm.core.ids import JobId
from brewslm.core.patrol.watcher import Watcher
from brewslm.core.ports.storage import MonitorName


class SqlMonitorRows:
    """Implements `core.ports.storage.MonitorRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self, job_id: JobId, name: MonitorName) -> bytes | None:
        """What was kept last; None at first."""
        query = select(monitor_states.c.state).where(monitor_states.c.job_id == job_id, monitor_states.c.name == name)
        found = self._connection.scalar(query)
        return None if found is None else str(found).encode()

    def keep(self, job_id: JobId, name: MonitorName, state: bytes) -> None:
        """Keep it, in the place of what was kept before."""
        row = {"job_id": job_id, "name": name, "state": state.decode()}
        self._connection.execute(put(self._connection, monitor_states, "job_id", "name"), row)

    def add_checks(self, job_id: JobId, checks: Sequence[WatchCheck]) -> None:
        """Insert lines; of one step they come together, once."""
        rows = [
            {"job_id": job_id, "step": check.step, "position": position, "body": check.model_dump_json()}
            for position, check in enumerate(checks)
        ]
        if rows:
            self._connection.execute(put_new(self._connection, watch_checks), rows)

    def checks(self, job_id: JobId) -> tuple[WatchCheck, ...]:
        """By step, and in the order in which they came."""
        query = (
            select(watch_checks.c.body)
            .where(watch_checks.c.job_id == job_id)
            .order_by(watch_checks.c.step, watch_checks.c.position)
        )
        return tuple(WatchCheck.model_validate_json(body) for body in self._connection.scalars(query))


class SqlWatcherRows:
    """Implements `core.ports.storage.WatcherRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Watcher | None:
        """Return it; None where it never was, or has said goodbye."""
        body = self._connection.scalar(select(watchers.c.body).where(watchers.c.name == name))
        return None if body is None else Watcher.model_validate_json(body)

    def put(self, watcher: Watcher) -> None:
        """Insert it, or put it in the place of the one of that name."""
        row = {"name": watcher.name, "body": watcher.model_dump_json()}
        self._connection.execute(put(self._connection, watchers, "name"), row)

    def remove(self, name: str) -> None:
        """Forget it; it is fine if there is none."""
        self._connection.execute(delete(watchers).where(watchers.c.name == name))

    def list(self) -> tuple[Watcher, ...]:
        """All, by name."""
        found = self._connection.scalars(select(watchers.c.body).order_by(watchers.c.name))
        return tuple(Watcher.model_validate_json(body) for body in found)
