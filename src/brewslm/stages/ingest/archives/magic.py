"""What kind of archive a file is, by its first bytes; names say nothing."""

import tarfile
from pathlib import Path
from typing import Literal

Kind = Literal["zip", "tar", "gz", "bz2", "xz", "zst"]

HEAD_BYTES = 512
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")
_BZ2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
_OFFICE = ("[Content_Types].xml", "mimetype", "_rels/.rels")
"""Documents (XLSX, DOCX, ODT, EPUB) are zip files, too, and are read as what they are."""


def is_archive(path: Path) -> bool:
    """Whether the file is an archive or a compressed file that `unpack` opens. Office documents are not."""
    with path.open("rb") as file:
        kind = kind_of(file.read(HEAD_BYTES))
    return kind is not None and not (kind == "zip" and _is_document(path))


def kind_of(head: bytes) -> Kind | None:
    """The kind that the first 512 bytes of a file, or all that it has, stand for."""
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head.startswith(b"BZh") and head[3:4] in b"123456789" and head[4:10] in _BZ2_BLOCKS:
        return "bz2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and head[:1] in b"PQRSTUVWXYZ[\\]^_"):
        return "zst"
    return "tar" if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    """Whether a header's checksum is right, as POSIX says; the oldest tar files have no other mark."""
    if len(head) < tarfile.BLOCKSIZE or not head.strip(b"\0"):
        return False
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True


def _is_document(path: Path) -> bool:
    from brewslm.stages.ingest.archives.zip_directory import first_names

    return any(name in _OFFICE for name in first_names(path))
