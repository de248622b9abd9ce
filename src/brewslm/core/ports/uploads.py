"""Files that come in pieces, from a browser or another machine."""

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from brewslm.core.value import Value


class Upload(Value):
    """A file that is coming, or has come."""

    id: str
    """32 hexadecimal digits; nobody can guess one."""
    name: str
    """What the user calls the file; shown, and never part of a path."""
    size_bytes: int
    offset_bytes: int
    """How much is here, and would be after a power cut."""
    expires_at: datetime
    """When it is removed, unless more of it comes."""

    @property
    def is_complete(self) -> bool:
        """Whether all of it is here."""
        return self.offset_bytes == self.size_bytes

    @property
    def locator(self) -> str:
        """How it is named as a source."""
        return f"upload:{self.id}"


class Writer(Protocol):
    """Takes the next bytes of one upload."""

    def write(self, piece: bytes) -> None:
        """Append.

        Raises:
            InvalidRequestError: these are more bytes than the upload was announced with.
            DiskFullError: there is no space; what came before is kept.
        """

    def forget(self) -> None:
        """Drop what came through this writer: its checksum was wrong."""


class UploadStore(Protocol):
    """Keeps uploads."""

    def create(self, name: str, size_bytes: int, *, now: datetime) -> Upload:
        """Announce a file, after removing what has expired.

        Raises:
            InvalidRequestError: it is larger than allowed, or there are too many.
            DiskFullError: there is no space for it beside those that were announced before.
        """

    def find(self, upload_id: str) -> tuple[Upload, Path]:
        """Return an upload and the file that holds its bytes.

        Raises:
            NotFoundError: there is none; it may have expired.
        """

    def append(self, upload_id: str, *, offset: int, now: datetime) -> AbstractContextManager[Writer]:
        """Go on at `offset`; what was written is durable when the context ends, also by an error.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is at another offset, or somebody else is writing.
        """

    def remove(self, upload_id: str) -> None:
        """Remove an upload.

        Raises:
            NotFoundError: there is none.
            ConflictError: somebody is writing.
        """
