"""Keys of endpoints: made once, shown once, kept as hashes."""

import hashlib
import hmac
import secrets
import threading

from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.base import Draft
from brewslm.core.events.deployment import KeyChanged
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ProjectId, RunId
from brewslm.core.ports.storage import Transaction
from brewslm.core.release import EndpointKey
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event

PREFIX = "bsk-"
SECRET_BYTES = 32
HINT_LENGTH = 10


class Keys:
    """The key service. What was revoked, by whatever process, opens nothing from the next request on."""

    def __init__(self, ports: Ports, *, actor: str) -> None:
        """Bind it to the ports; `actor` is who events name."""
        self._ports = ports
        self._actor = actor
        self._guard = threading.Lock()
        self._stamp: object = None
        self._known: tuple[EndpointKey, ...] = ()

    def create(self, project_id: ProjectId, name: str) -> tuple[EndpointKey, str]:
        """Make a key; the second value is the key itself, which nobody can be shown again.

        Raises:
            InvalidRequestError: the name is empty.
            NotFoundError: there is no such project.
        """
        if not name.strip():
            raise InvalidRequestError("give the key a name, by which you know later who uses it: --name '…'")
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        new = EndpointKey(
            id=0,
            project_id=project_id,
            name=name.strip(),
            hint=secret[:HINT_LENGTH],
            sha256=_hash(secret),
            created_at=self._ports.clock.now(),
        )
        with self._ports.storage.write() as transaction:
            transaction.projects.get(project_id)
            key = transaction.keys.add(new)
            self._emit(transaction, key, f"Key {key.id} ({key.name}) of project {project_id} was made", "created")
        return key, secret

    def list(self, project_id: ProjectId) -> tuple[EndpointKey, ...]:
        """A project's keys, by id; also those that were revoked."""
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            return transaction.keys.list(project_id)

    def revoke(self, project_id: ProjectId, key_id: int) -> EndpointKey:
        """Let a key open nothing any more.

        Raises:
            NotFoundError: the project has none of that id.
        """
        with self._ports.storage.write() as transaction:
            was_good = any(key.id == key_id and key.revoked_at is None for key in transaction.keys.list(project_id))
            key = transaction.keys.revoke(project_id, key_id, revoked_at=self._ports.clock.now())
            if was_good:
                summary = f"Key {key.id} ({key.name}) of project {project_id} was revoked"
                self._emit(transaction, key, summary, "revoked")
        return key

    def find(self, secret: str) -> EndpointKey | None:
        """The key that was shown, where it is good; every key is compared, in constant time."""
        shown, found = _hash(secret), None
        for key in self._good():
            if hmac.compare_digest(key.sha256, shown):
                found = key
        return found

    def _good(self) -> tuple[EndpointKey, ...]:
        stamp = self._ports.storage.stamp()
        with self._guard:
            if self._stamp is None or stamp != self._stamp:
                with self._ports.storage.read() as transaction:
                    self._known = tuple(key for key in transaction.keys.list() if key.revoked_at is None)
                self._stamp = stamp
            return self._known

    def _emit(self, transaction: Transaction, key: EndpointKey, summary: str, change: str) -> None:
        payload = KeyChanged.model_validate({"key_id": key.id, "name": key.name, "change": change})
        origin = Origin(project_id=key.project_id, run_id=RunId(f"project-{key.project_id}"), actor=self._actor)
        draft = Draft(reason=Reason.DEPLOYMENT_KEY_CHANGED, summary=summary, payload=payload)
        emit_event(transaction, draft, origin=origin, occurred_at=self._ports.clock.now())


def _hash(secret: str) -> str:
    """Of 256 random bits one round is enough: nobody can try them."""
    return hashlib.sha256(secret.encode()).hexdigest()
