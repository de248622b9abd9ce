"""Packs archives that careful programs would not."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from backports import zstd

Member = tuple[str, bytes]

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
}


def zipped(members: Iterable[Member], *, mode: int = 0o100644, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file; names go into it as they are."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of names that come twice
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename, info.external_attr, info.create_system = name, mode << 16, 3
            info.compress_type = method
            archive.writestr(info, content)
    return buffer.getvalue()


def tarred(
    members: Iterable[Member], *, type_: bytes = tarfile.REGTYPE, link: str = "", format_: int = tarfile.PAX_FORMAT
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = type_, link
            is_file = type_ in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE}
            info.size = len(content) if is_file else 0
            archive.addfile(info, io.BytesIO(content) if is_file else None)
    return buffer.getvalue()


def overlapping_zip(num: int, *, size: int) -> bytes:
    """Many entries of a directory that all point to one and the same compressed member."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(b"0" * size) + packed.flush()
    crc = zlib.crc32(b"0" * size)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(data), size, 5, 0) + b"a.txt" + data
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, crc, len(data), size, 5, 0, 0, 0, 0, 0, 0)
    directory = (entry + b"a.txt") * num
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, num & 0xFFFF, num & 0xFFFF, len(directory), len(local), 0)
    return local + directory + end


def nested(depth: int, content: bytes = b"a\n1\n") -> bytes:
    data = zipped([("a.csv", content)])
    for _ in range(depth):
        data = zipped([("inner.zip", data)])
    return data


def sparse_tar() -> bytes:
    header = bytearray(tarred([("a.csv", b"")], format_=tarfile.GNU_FORMAT)[:512])
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"\0" * 1024


def tree(folder: Path) -> dict[str, int]:
    """Every path below a folder, with its size."""
    return {str(path.relative_to(folder)): path.stat().st_size if path.is_file() else -1 for path in folder.rglob("*")}
