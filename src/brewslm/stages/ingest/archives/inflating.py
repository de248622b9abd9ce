"""Compressed streams, read in small pieces with little memory: gzip, bzip2, xz, zstandard; several in a row are one."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from brewslm.stages.ingest.archives.limits import Account, damaged
from brewslm.stages.ingest.archives.magic import Kind

CHUNK_BYTES = 256 << 10
_MEMORY_BYTES = 256 << 20
"""What a decoder may take; the strongest settings of xz want 65 MiB, of zstd 128 MiB."""
_ZSTD_WINDOW_LOG = 27


class Decoder(Protocol):
    """What the decoders of the standard library have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def unused_data(self) -> bytes:
        """What was fed beyond the end."""

    @property
    def needs_input(self) -> bool:
        """Whether it has no more to give from what it was fed."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Decode, giving at most so many bytes."""


class _GzipDecoder:
    """`zlib` in the manner of the others; it checks length and CRC-32 at the end of each stream itself."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(0, max_length))


def _zstd_decoder() -> Decoder:
    from backports import zstd

    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


def _decoder_of(kind: Kind) -> Callable[[], Decoder]:
    if kind == "gz":
        return _GzipDecoder
    if kind == "bz2":
        return bz2.BZ2Decompressor
    if kind == "xz":
        return lambda: lzma.LZMADecompressor(memlimit=_MEMORY_BYTES)
    return _zstd_decoder


class Inflated:
    """A compressed file as a stream that only goes forward. Every byte that it gives is put on the account."""

    def __init__(self, file: BinaryIO, kind: Kind, account: Account) -> None:
        self._file = file
        self._new = _decoder_of(kind)
        self._account = account
        self._decoder = self._new()
        self._pending = b""
        self._is_fresh = True

    def read(self, number: int) -> bytes:
        """Return up to so many bytes; empty at the end.

        Raises:
            SourceError: the data is damaged or cut off, or too much.
        """
        try:
            found = self._read(number)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise damaged(self._account.name, error) from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise damaged(self._account.name, error) from error
        self._account.add_bytes(len(found))
        return found

    def _read(self, number: int) -> bytes:
        while True:
            if self._decoder.eof and not self._begin_next():
                return b""
            if self._decoder.needs_input and not self._pending:
                self._pending = self._file.read(CHUNK_BYTES)
                if not self._pending and self._is_fresh:
                    return b""
                if not self._pending:
                    message = "it ends before its end mark"
                    raise EOFError(message)
            data, self._pending = self._pending, b""
            self._is_fresh = False
            found = self._decoder.decompress(data, number)
            if found:
                return found

    def _begin_next(self) -> bool:
        """Go on with a further stream behind this one; zeros between and after them are padding."""
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest and (chunk := self._file.read(CHUNK_BYTES)):
            rest = chunk.lstrip(b"\0")
        if not rest:
            return False
        self._decoder, self._pending, self._is_fresh = self._new(), rest, True
        return True
