"""Who watches the watchers: a patrol's own sign of life, and who says when it is missing."""

from collections.abc import Callable

from brewslm.core.events.base import Draft
from brewslm.core.events.monitoring import WatcherLost
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import RunId
from brewslm.core.patrol.watcher import Watcher
from brewslm.core.ports.storage import Transaction
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event


class Watchers:
    """Takes, keeps and gives up the place of a watcher, and notices one that fell silent."""

    def __init__(self, ports: Ports, *, owner: str, is_owner_gone: Callable[[str], bool]) -> None:
        """Speak in the name of the process `owner`."""
        self._ports, self._owner, self._is_owner_gone = ports, owner, is_owner_gone

    def beat(self, name: str, *, due_within_seconds: float, is_process: bool = True) -> bool:
        """Give a sign of life; False where another living process has this place."""
        clock = self._ports.clock
        with self._ports.storage.write() as transaction:
            other = transaction.watchers.get(name)
            if other is not None and other.owner != self._owner:
                if is_process and not self._is_lost(other):
                    return False
                if self._is_lost(other):
                    self._note(transaction, other)
            mine = Watcher(
                name=name,
                owner=self._owner,
                boot_id=clock.boot_id(),
                beat_monotonic=clock.monotonic(),
                due_within_seconds=due_within_seconds,
                beat_at=clock.now(),
                is_process=is_process,
            )
            transaction.watchers.put(mine)
        return True

    def leave(self, name: str) -> None:
        """Say goodbye, so that nobody is missed."""
        with self._ports.storage.write() as transaction:
            found = transaction.watchers.get(name)
            if found is not None and found.owner == self._owner:
                transaction.watchers.remove(name)

    def all(self) -> tuple[Watcher, ...]:
        """Return every watcher, with those marked that are lost; each loss is recorded once, by who sees it first."""
        with self._ports.storage.read() as transaction:
            found = transaction.watchers.list()
        if any(self._is_lost(one) and not one.is_lost for one in found):
            with self._ports.storage.write() as transaction:
                for one in transaction.watchers.list():
                    if self._is_lost(one):
                        self._note(transaction, one)
                found = transaction.watchers.list()
        return found

    def _is_lost(self, watcher: Watcher) -> bool:
        clock = self._ports.clock
        is_overdue = watcher.is_overdue(boot_id=clock.boot_id(), monotonic=clock.monotonic())
        return is_overdue or (watcher.is_process and self._is_owner_gone(watcher.owner))

    def _note(self, transaction: Transaction, watcher: Watcher) -> None:
        if watcher.is_lost:
            return
        clock = self._ports.clock
        silent = watcher.silent_seconds(boot_id=clock.boot_id(), monotonic=clock.monotonic())
        ago = "since before the machine was started" if silent is None else f"for {silent:.0f} s"
        draft = Draft(
            reason=Reason.MONITORING_WATCHER_LOST,
            summary=f"{watcher.name} gave no sign of life {ago}; nobody watches the trainings in its place",
            payload=WatcherLost(
                name=watcher.name,
                owner=watcher.owner,
                silent_seconds=silent,
                due_within_seconds=watcher.due_within_seconds,
            ),
        )
        origin = Origin(project_id=None, run_id=RunId("system"), actor="system")
        emit_event(transaction, draft, origin=origin, occurred_at=clock.now())
        transaction.watchers.put(watcher.model_copy(update={"is_lost": True}))
