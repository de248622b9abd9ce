"""Opening an archive, and those within it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path, PurePosixPath

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import SourceFile
from brewslm.stages.ingest.archives.inflating import Inflated
from brewslm.stages.ingest.archives.limits import Account, ArchiveLimits, damaged, refused
from brewslm.stages.ingest.archives.magic import HEAD_BYTES, is_archive, kind_of
from brewslm.stages.ingest.archives.output import Output, new_output
from brewslm.stages.ingest.archives.tars import Readable, unpack_tar
from brewslm.stages.ingest.archives.zips import unpack_zip

_SUFFIXES = {"gz": (".gz", ".gzip", ".z"), "bz2": (".bz2",), "xz": (".xz",), "zst": (".zst", ".zstd")}


def _nobody(_name: str) -> None:
    """Hear of what is left out, and do nothing."""


def unpack(
    path: Path,
    name: str,
    folder: Path,
    limits: ArchiveLimits,
    *,
    is_cancelled: Callable[[], bool],
    on_skipped: Callable[[str], None] = _nobody,
) -> tuple[SourceFile, ...]:
    """Unpack an archive or a compressed file into a new folder within `folder`.

    An archive within it is unpacked, too, down to `limits.max_nesting`. Hidden files, and what operating systems add,
    are left out.

    Args:
        path: the archive; never written to.
        name: what users see of it; the files within are called `<name>/<path within>`.
        folder: where there is space; it is made where missing.
        limits: how much it may hold.
        is_cancelled: whether to stop.
        on_skipped: hears the name of each file that is left out.

    Returns:
        The files, in the order of their names; at least one.

    Raises:
        SourceError: it is unsafe or beyond a limit (`ingestion_refused`), damaged or empty; nothing is left.
        CancelledError: the user said stop; nothing is left.
    """
    account = Account(name, limits, path.stat().st_size, is_cancelled, on_skipped)
    with new_output(folder) as output:
        _open(path, account, output)
        files = _opened_further(output, account, level=1)
        if not files:
            message = f"The archive {name!r} holds no file; hidden ones are left out. Check that it is the right one."
            raise SourceError(message, reason=Reason.INGESTION_EMPTY)
    return tuple(sorted(files, key=lambda file: file.name))


def _open(path: Path, account: Account, output: Output) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        kind = kind_of(head)
        file.seek(0)
        if kind == "zip":
            unpack_zip(path, account, output)
        elif kind == "tar":
            unpack_tar(_Counted(file, account), account, output)
        elif kind is not None:
            _unpack_stream(Inflated(file, kind, account), kind, account, output)
        else:
            raise damaged(account.name, "its first bytes are not those of an archive")


def _unpack_stream(stream: Inflated, kind: str, account: Account, output: Output) -> None:
    """A compressed stream is a tar file, or one file."""
    head = b""
    while len(head) < HEAD_BYTES and (piece := stream.read(HEAD_BYTES - len(head))):
        head += piece
    rest = _Chained(head, stream)
    if kind_of(head) == "tar":
        unpack_tar(rest, account, output)
        while stream.read(1 << 18):  # to the end, where checksums stand
            pass
    else:
        account.add_member()
        output.write(_bare(account.name, kind), rest.read)


def _opened_further(output: Output, account: Account, *, level: int) -> list[SourceFile]:
    """Open what is an archive itself; the account goes on, the names begin anew."""
    files: list[SourceFile] = []
    for file in output.files:
        if not is_archive(file.path):
            files.append(file)
            continue
        if level > account.limits.max_nesting:
            raise refused(
                f"The archive {account.name!r} holds archives that hold archives ({file.name[:200]!r}). "
                "Unpack it yourself and give the files."
            )
        inner = Account(
            file.name,
            account.limits,
            account.packed_bytes,
            account.is_cancelled,
            account.on_skipped,
            num_members=account.num_members,
            num_bytes=account.num_bytes,
        )
        within = Output(output.folder / f"within-{file.path.name}")
        within.folder.mkdir()
        _open(file.path, inner, within)
        file.path.unlink()
        account.num_members, account.num_bytes = inner.num_members, inner.num_bytes
        files += _opened_further(within, account, level=level + 1)
    return files


def _bare(name: str, kind: str) -> str:
    """The name of a compressed file without the ending that says so."""
    pure = PurePosixPath(name)
    return name[: -len(pure.suffix)] if pure.suffix.lower() in _SUFFIXES[kind] and pure.stem else name


class _Counted:
    """A plain file whose bytes are put on the account."""

    def __init__(self, file: Readable, account: Account) -> None:
        self._file = file
        self._account = account

    def read(self, number: int, /) -> bytes:
        found = self._file.read(number)
        self._account.add_bytes(len(found))
        return found


class _Chained:
    """Bytes that were read already, and the stream behind them."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = BytesIO(head)
        self._stream = stream

    def read(self, number: int, /) -> bytes:
        return self._head.read(number) or self._stream.read(number)
