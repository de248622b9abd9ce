"""Tar files, read once from front to back, from a file or from a compressed stream."""

import tarfile
from typing import Protocol

from brewslm.core.errors import BrewError
from brewslm.stages.ingest.archives.limits import Account, damaged, refused
from brewslm.stages.ingest.archives.names import checked_name
from brewslm.stages.ingest.archives.output import PIECE_BYTES, Output

_MAX_HEADER_BYTES = 1 << 20
"""Of one extended header: names, and attributes that nobody reads."""


class Readable(Protocol):
    """A stream that goes forward."""

    def read(self, number: int, /) -> bytes:
        """Return up to so many bytes; empty at the end."""


class Forward:
    """Gives `tarfile` a stream that it may only read on in; it seeks forward by reading."""

    def __init__(self, stream: Readable, account: Account) -> None:
        self._stream = stream
        self._account = account
        self._position = 0
        self.last = b""
        """What was read last."""

    def tell(self) -> int:
        """How many bytes were read."""
        return self._position

    def read(self, number: int = -1) -> bytes:
        """Return exactly so many bytes, fewer only at the end.

        Raises:
            SourceError: a header wants more than any header needs.
        """
        if not 0 <= number <= _MAX_HEADER_BYTES:
            raise refused(f"A header in the archive {self._account.name!r} is too large. Pack it again.")
        pieces = []
        while number > 0 and (piece := self._stream.read(number)):
            pieces.append(piece)
            number -= len(piece)
            self._position += len(piece)
        self.last = b"".join(pieces)
        return self.last

    def seek(self, position: int) -> int:
        """Skip to a later position.

        Raises:
            tarfile.StreamError: it is an earlier one.
        """
        if position < self._position:
            message = "a header points backwards"
            raise tarfile.StreamError(message)
        while self._position < position and self.read(min(PIECE_BYTES, position - self._position)):
            pass
        return self._position


def unpack_tar(stream: Readable, account: Account, output: Output) -> None:
    """Unpack a tar file.

    Raises:
        SourceError: it is unsafe, beyond a limit, or damaged.
        CancelledError: the user said stop.
    """
    forward = Forward(stream, account)
    try:
        archive = tarfile.open(fileobj=forward, mode="r:", errorlevel=2)  # type: ignore[call-overload]  # noqa: SIM115 - nothing to close
        while (member := archive.next()) is not None:
            archive.members.clear()
            account.add_member()
            _unpack_member(member, forward, account, output)
        # `tarfile` takes a header that it cannot read for the end; the true end is marked by zeros.
        if not forward.last or forward.last.strip(b"\0"):
            raise damaged(account.name, "it ends without its end mark")
    except BrewError:
        raise
    except (tarfile.TarError, EOFError, ValueError, OverflowError, KeyError, IndexError) as error:
        raise damaged(account.name, error) from error


def _unpack_member(member: tarfile.TarInfo, forward: Forward, account: Account, output: Output) -> None:
    name = checked_name(member.name, account, is_folder=member.isdir())
    _refuse_special(member, account)
    if name is None or member.isdir():
        return
    left = member.size
    forward.seek(member.offset_data)

    def read(number: int) -> bytes:
        nonlocal left
        piece = forward.read(min(number, left))
        account.add_bytes(0)
        left -= len(piece)
        return piece

    output.write(f"{account.name}/{name}", read)
    if left:
        raise damaged(account.name, f"it ends within {name!r}")


def _refuse_special(member: tarfile.TarInfo, account: Account) -> None:
    is_plain = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE} and not member.sparse
    if member.isdir() or (is_plain and member.size >= 0):
        return
    kind = "a sparse file" if member.issparse() else "a link" if member.issym() or member.islnk() else "a special file"
    raise refused(f"The archive {account.name!r} holds {kind} ({member.name[:80]!r}). Pack plain files only.")
