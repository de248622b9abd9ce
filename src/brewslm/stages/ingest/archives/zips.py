"""Zip files: their directory is checked as a whole before the first byte is unpacked."""

import errno
import stat
import struct
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

from brewslm.core.errors import BrewError
from brewslm.stages.ingest.archives.limits import Account, damaged, refused
from brewslm.stages.ingest.archives.names import checked_name
from brewslm.stages.ingest.archives.output import Output
from brewslm.stages.ingest.archives.zip_directory import entry_names

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_LOCAL_HEADER = struct.Struct("<26x2H")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    OSError,
)


def unpack_zip(path: Path, account: Account, output: Output) -> None:
    """Unpack a zip file.

    Raises:
        SourceError: it is unsafe, beyond a limit, damaged, or packed in a way that is not read.
        CancelledError: the user said stop.
    """
    try:
        with path.open("rb") as file:
            for _ in entry_names(file):
                account.add_member()
        with zipfile.ZipFile(path) as archive:
            _refuse_overlaps(archive, account)
            chosen = _chosen(archive, account)
            _refuse_too_much(chosen, account)
            for info, name in chosen:
                _unpack_member(archive, info, f"{account.name}/{name}", account, output)
    except BrewError:
        raise
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise  # of this machine, not of the archive
        raise damaged(account.name, error) from error


def _chosen(archive: zipfile.ZipFile, account: Account) -> list[tuple[zipfile.ZipInfo, str]]:
    """The members that are unpacked, with their names, in the order of the names."""
    found = []
    for info in archive.infolist():
        is_folder = info.orig_filename.endswith(("/", "\\"))
        name = checked_name(info.orig_filename, account, is_folder=is_folder)
        mode = stat.S_IFMT(info.external_attr >> 16)
        if mode and mode not in {stat.S_IFREG, stat.S_IFDIR}:
            kind = "a link" if mode == stat.S_IFLNK else "a device or pipe"
            raise refused(f"The archive {account.name!r} holds {kind} ({name!r}). Pack plain files only.")
        if name is None or is_folder or mode == stat.S_IFDIR:
            continue
        if info.flag_bits & _ENCRYPTED:
            raise refused(
                f"{name!r} in the archive {account.name!r} is encrypted. Unpack it yourself and give the files."
            )
        if info.compress_type not in _METHODS:
            how = f"by method {info.compress_type}"
            raise refused(
                f"{name!r} in {account.name!r} is packed {how}, which is not read. Pack it again with deflate."
            )
        found.append((info, name))
    return sorted(found, key=lambda one: one[1])


def _refuse_overlaps(archive: zipfile.ZipFile, account: Account) -> None:
    """Members that share bytes make a small file a huge one (Fifield, "A better zip bomb", 2019)."""
    file = archive.fp
    spans = []
    for info in archive.infolist():
        assert file is not None  # noqa: S101 - it is open
        file.seek(info.header_offset)
        name_bytes, extra_bytes = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        end = info.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes + info.compress_size
        spans.append((info.header_offset, end))
    spans.sort()
    spans.append((archive.start_dir, archive.start_dir))
    if any(following[0] < before[1] for before, following in pairwise(spans)):
        raise refused(f"Members of the archive {account.name!r} overlap, as those of bombs do. Nothing was unpacked.")


def _refuse_too_much(chosen: list[tuple[zipfile.ZipInfo, str]], account: Account) -> None:
    """Look at what the members say of themselves; what they really hold is counted later."""
    before = account.num_bytes
    account.add_bytes(sum(info.file_size for info, _ in chosen))
    account.num_bytes = before


def _unpack_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, account: Account, output: Output
) -> None:
    with archive.open(info) as member:

        def read(number: int) -> bytes:
            piece = member.read(number)
            account.add_bytes(len(piece))
            return piece

        output.write(name, read)
    written = output.files[-1].path.stat().st_size
    if written != info.file_size:
        raise damaged(account.name, f"{name!r} has {written:,} bytes, and should have {info.file_size:,}")
