"""Uploads in `<workspace>/uploads/<id>/`: `upload.json`, the bytes in `data`, how many of them are durable in `offset`.

An id is made here and checked before it becomes part of a path; the user's name of a file never does.
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from brewslm.adapters.files.atomic import fsync_folder, make_folders, naming_full_disk, write_atomically
from brewslm.core.errors import ConflictError, DiskFullError, InvalidRequestError, NotFoundError
from brewslm.core.ports.uploads import Upload
from brewslm.core.value import Value

SYNC_BYTES = 32 << 20
"""So often the bytes are made durable; a killed server loses less than that."""
KEPT = timedelta(days=7)
"""How long an upload is kept after its last byte came."""
MAX_UPLOADS = 1000
SPARE_BYTES = 1 << 30
"""What an upload leaves free on the disk, for the work on it."""

_ID = re.compile(r"[0-9a-f]{32}")


class _Announced(Value):
    name: str
    size_bytes: int


class _Reached(Value):
    offset_bytes: int
    at: datetime


class FileUploads:
    """Implements `core.ports.uploads.UploadStore`."""

    def __init__(self, workspace: Path, *, max_bytes: int, spare_bytes: int = SPARE_BYTES) -> None:
        """Keep uploads of up to `max_bytes` each, and `spare_bytes` of the disk free."""
        self._workspace = Path(workspace).absolute()
        self._folder = self._workspace / "uploads"
        self._max_bytes = max_bytes
        self._spare_bytes = spare_bytes

    def create(self, name: str, size_bytes: int, *, now: datetime) -> Upload:
        """Announce a file, after removing what has expired.

        Raises:
            InvalidRequestError: it is larger than allowed, or there are too many.
            DiskFullError: there is no space for it beside those that were announced before.
        """
        if size_bytes > self._max_bytes:
            message = (
                f"{name!r} has {size_bytes:,} bytes; {self._max_bytes:,} are allowed. Split it, or raise "
                "BREWSLM_MAX_UPLOAD_BYTES."
            )
            raise InvalidRequestError(message)
        with naming_full_disk(self._workspace):
            make_folders(self._folder, under=self._workspace)
        kept = self._sweep(now)
        if len(kept) >= MAX_UPLOADS:
            raise InvalidRequestError(
                f"There are {len(kept):,} uploads already. Remove some, or wait until they expire."
            )
        self._refuse_without_space(name, size_bytes, kept)
        upload_id = secrets.token_hex(16)
        folder = self._folder / upload_id
        with naming_full_disk(self._folder):
            folder.mkdir(mode=0o700)
            (folder / "data").touch(mode=0o600)
            _reach(folder, 0, now)
            announced = _Announced(name=name, size_bytes=size_bytes)
            write_atomically(folder / "upload.json", announced.model_dump_json().encode())
            fsync_folder(self._folder)
        return self.find(upload_id)[0]

    def find(self, upload_id: str) -> tuple[Upload, Path]:
        """Return an upload and the file that holds its bytes.

        Raises:
            NotFoundError: there is none; it may have expired.
        """
        folder = self._folder_of(upload_id)
        try:
            announced = _Announced.model_validate_json((folder / "upload.json").read_bytes())
            reached = _Reached.model_validate_json((folder / "offset").read_bytes())
        except (OSError, ValueError) as error:
            raise _absent(upload_id) from error
        upload = Upload(
            id=upload_id,
            name=announced.name,
            size_bytes=announced.size_bytes,
            offset_bytes=reached.offset_bytes,
            expires_at=reached.at + KEPT,
        )
        return upload, folder / "data"

    @contextmanager
    def append(self, upload_id: str, *, offset: int, now: datetime) -> Iterator["_FileWriter"]:
        """Go on at `offset`; what was written is durable when the context ends, also by an error.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is at another offset, or somebody else is writing.
        """
        with self._locked(upload_id) as descriptor:
            upload, data = self.find(upload_id)
            if offset != upload.offset_bytes:
                message = f"the upload {upload_id!r} is at byte {upload.offset_bytes}, not {offset}; go on from there"
                raise ConflictError(message)
            os.ftruncate(descriptor, offset)
            os.lseek(descriptor, offset, os.SEEK_SET)
            writer = _FileWriter(descriptor, data.parent, upload, now)
            try:
                yield writer
            finally:
                writer.settle()

    def remove(self, upload_id: str) -> None:
        """Remove an upload.

        Raises:
            NotFoundError: there is none.
            ConflictError: somebody is writing.
        """
        self.find(upload_id)
        with self._locked(upload_id):
            self._take_away(self._folder_of(upload_id))

    def _folder_of(self, upload_id: str) -> Path:
        if not _ID.fullmatch(upload_id):
            raise _absent(upload_id)
        return self._folder / upload_id

    @contextmanager
    def _locked(self, upload_id: str) -> Iterator[int]:
        try:
            descriptor = os.open(self._folder_of(upload_id) / "data", os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise _absent(upload_id) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield descriptor
        except BlockingIOError as error:
            message = f"somebody is writing to the upload {upload_id!r}; wait until they have ended"
            raise ConflictError(message) from error
        finally:
            os.close(descriptor)

    def _sweep(self, now: datetime) -> list[Upload]:
        """Remove what has expired, and what was never announced whole; return what is left."""
        kept = []
        for folder in sorted(self._folder.iterdir()):
            if not _ID.fullmatch(folder.name):
                continue
            try:
                upload = self.find(folder.name)[0]
            except NotFoundError:
                if now - datetime.fromtimestamp(folder.stat().st_mtime, UTC) > KEPT:
                    self._take_away(folder)
                continue
            if upload.expires_at > now:
                kept.append(upload)
                continue
            try:
                self.remove(upload.id)
            except (ConflictError, NotFoundError):
                kept.append(upload)
        return kept

    def _take_away(self, folder: Path) -> None:
        """Remove a folder; from its first step on nobody finds the upload."""
        (folder / "upload.json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        fsync_folder(self._folder)

    def _refuse_without_space(self, name: str, size_bytes: int, kept: list[Upload]) -> None:
        promised = sum(upload.size_bytes - upload.offset_bytes for upload in kept)
        free = shutil.disk_usage(self._folder).free - promised - self._spare_bytes
        if size_bytes > free:
            message = f"No space for {name!r}: it needs {size_bytes:,} bytes, {max(0, free):,} are free for uploads."
            raise DiskFullError(f"{message} Free space, then try again.")


class _FileWriter:
    """Implements `core.ports.uploads.Writer`."""

    def __init__(self, descriptor: int, folder: Path, upload: Upload, now: datetime) -> None:
        self._descriptor = descriptor
        self._folder = folder
        self._upload = upload
        self._now = now
        self._begin = self._durable = self.offset_bytes = upload.offset_bytes

    def write(self, piece: bytes) -> None:
        """Append.

        Raises:
            InvalidRequestError: these are more bytes than the upload was announced with.
            DiskFullError: there is no space; what came before is kept.
        """
        if self.offset_bytes + len(piece) > self._upload.size_bytes:
            message = (
                f"more bytes came than the {self._upload.size_bytes} that {self._upload.name!r} was announced with"
            )
            raise InvalidRequestError(message)
        with naming_full_disk(self._folder):
            view = memoryview(piece)
            while view:
                written = os.write(self._descriptor, view)
                self.offset_bytes += written
                view = view[written:]
            if self.offset_bytes - self._durable >= SYNC_BYTES:
                self.settle()

    def forget(self) -> None:
        """Drop what came through this writer: its checksum was wrong."""
        os.ftruncate(self._descriptor, self._begin)
        os.lseek(self._descriptor, self._begin, os.SEEK_SET)
        self.offset_bytes = self._begin
        self.settle()

    def settle(self) -> None:
        """Make durable what was written, then say so."""
        if self.offset_bytes == self._durable:
            return
        with naming_full_disk(self._folder):
            os.fsync(self._descriptor)
            _reach(self._folder, self.offset_bytes, self._now)
        self._durable = self.offset_bytes


def _reach(folder: Path, offset: int, now: datetime) -> None:
    write_atomically(folder / "offset", _Reached(offset_bytes=offset, at=now).model_dump_json().encode())


def _absent(upload_id: str) -> NotFoundError:
    return NotFoundError(f"There is no upload {upload_id[:64]!r}; it may have expired. Upload the file again.")
