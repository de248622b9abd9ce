"""Files that are made to hurt the process which parses them."""

from io import BytesIO
from pathlib import Path

GIB = 1 << 30


def forged_parquet(asked_bytes: int = 2**31 - 1) -> bytes:
    """A Parquet file of some hundred bytes whose first page says that it unpacks to `asked_bytes`.

    A page begins with its header in Thrift's compact protocol: type, size unpacked, size packed, each as 0x15 and a
    zigzag varint. The rest of the file shifts by the bytes that the larger number takes, which no reader gets to see.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = BytesIO()
    pq.write_table(pa.table({"n": pa.array([7] * 127, pa.int64())}), buffer, compression="snappy")
    data = buffer.getvalue()
    assert data[:7] == b"PAR1\x15\x04\x15"
    old = _varint(8 * 2)
    assert data[7:].startswith(old)
    return data[:7] + _varint(asked_bytes * 2) + data[7 + len(old) :]


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def sparse_line(path: Path, num_bytes: int = GIB) -> None:
    """JSON Lines with one line that is mostly zero bytes, which take no room on the disk, between two good ones."""
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n{"a": "' + b"x" * 100_000)
        file.seek(num_bytes, 1)
        file.write(b'\n{"a": 2}\n')
