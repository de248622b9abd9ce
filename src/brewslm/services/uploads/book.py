"""Uploads, as faces use them: announce, go on, look, remove."""

from contextlib import AbstractContextManager

from brewslm.core.errors import InvalidRequestError
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.uploads import Upload, UploadStore, Writer

MAX_NAME_LENGTH = 255


class Uploads:
    """Works on the uploads of one workspace."""

    def __init__(self, store: UploadStore, clock: Clock, *, max_bytes: int) -> None:
        """Bind it; files of more than `max_bytes` are refused by the store."""
        self._store = store
        self._clock = clock
        self.max_bytes = max_bytes

    def create(self, name: str, size_bytes: int) -> Upload:
        """Announce a file.

        Raises:
            InvalidRequestError: its name cannot be shown, or it is larger than allowed.
            DiskFullError: there is no space for it.
        """
        plain = name.replace("\\", "/").rpartition("/")[2].strip()
        if not plain or len(plain) > MAX_NAME_LENGTH or not plain.isprintable() or plain in {".", ".."}:
            message = f"{name[:80]!r} is no name for a file; give one of 1 to {MAX_NAME_LENGTH} visible characters"
            raise InvalidRequestError(message)
        return self._store.create(plain, size_bytes, now=self._clock.now())

    def get(self, upload_id: str) -> Upload:
        """Return one, or NotFoundError."""
        return self._store.find(upload_id)[0]

    def append(self, upload_id: str, *, offset: int) -> AbstractContextManager[Writer]:
        """Go on at `offset`; see `UploadStore.append`."""
        return self._store.append(upload_id, offset=offset, now=self._clock.now())

    def remove(self, upload_id: str) -> None:
        """Remove one, or NotFoundError."""
        self._store.remove(upload_id)
