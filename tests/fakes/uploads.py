"""Uploads in memory, with one file each for who reads them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from brewslm.core.errors import ConflictError, DiskFullError, InvalidRequestError, NotFoundError
from brewslm.core.ports.uploads import Upload

KEPT = timedelta(days=7)


class FakeUploads:
    """Implements `UploadStore`."""

    def __init__(self, folder: Path, *, max_bytes: int, space_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._space_bytes = space_bytes
        self._uploads: dict[str, Upload] = {}
        self._writing: set[str] = set()

    def create(self, name: str, size_bytes: int, *, now: datetime) -> Upload:
        if size_bytes > self._max_bytes:
            raise InvalidRequestError(f"{name!r} is larger than allowed.")
        for upload in [one for one in self._uploads.values() if one.expires_at <= now and one.id not in self._writing]:
            self.remove(upload.id)
        if size_bytes > self._space_bytes - sum(one.size_bytes for one in self._uploads.values()):
            raise DiskFullError(f"No space for {name!r}.")
        upload_id = secrets.token_hex(16)
        self._uploads[upload_id] = Upload(
            id=upload_id, name=name, size_bytes=size_bytes, offset_bytes=0, expires_at=now + KEPT
        )
        (self._folder / upload_id).touch()
        return self._uploads[upload_id]

    def find(self, upload_id: str) -> tuple[Upload, Path]:
        if upload_id not in self._uploads:
            raise NotFoundError(f"There is no upload {upload_id!r}.")
        return self._uploads[upload_id], self._folder / upload_id

    @contextmanager
    def append(self, upload_id: str, *, offset: int, now: datetime) -> Iterator["_Pieces"]:
        upload, path = self.find(upload_id)
        if offset != upload.offset_bytes or upload_id in self._writing:
            raise ConflictError(f"The upload {upload_id!r} is elsewhere.")
        self._writing.add(upload_id)
        pieces = _Pieces(upload.size_bytes - offset)
        try:
            yield pieces
        finally:
            self._writing.discard(upload_id)
            path.write_bytes(path.read_bytes() + bytes(pieces.content))
            reached = {"offset_bytes": offset + len(pieces.content), "expires_at": now + KEPT}
            self._uploads[upload_id] = upload.model_copy(update=reached)

    def remove(self, upload_id: str) -> None:
        path = self.find(upload_id)[1]
        if upload_id in self._writing:
            raise ConflictError(f"Somebody is writing to {upload_id!r}.")
        del self._uploads[upload_id]
        path.unlink()


class _Pieces:
    def __init__(self, room: int) -> None:
        self.content = bytearray()
        self._room = room

    def write(self, piece: bytes) -> None:
        if len(self.content) + len(piece) > self._room:
            raise InvalidRequestError("These are more bytes than were announced.")
        self.content += piece

    def forget(self) -> None:
        self.content.clear()
