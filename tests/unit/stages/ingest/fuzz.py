"""Structured fuzz of ingest: `python -m tests.unit.stages.ingest.fuzz SEED START COUNT` prints one line a case.

A case is a sound file of the table of cases, or two of them, with some of it changed. It must end, soon, in rows that
add up or in one refusal with a reason.
"""

import json
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from brewslm.core.errors import SourceError
from brewslm.stages.ingest.parser.order import Order, OrderedFile
from brewslm.stages.ingest.parser.parse import parse
from tests.data.ingest.cases import CASES, CSV, JSONL, Case

KINDS = ("jsonl", "jsonl", "json", "csv", "csv", "csv", "text", "parquet", "zip", "office")
"""In turn."""
MEMORY_BYTES = 3 << 30
MAX_SECONDS = 5.0
"""Of the processor, for one case."""
HANG_SECONDS = 60
"""A case that has not ended by then ends its process by a signal, however busy the machine is."""
TOKENS = (
    *(b'"', b"'", b'""', b"{", b"}", b"[", b"]", b",", b":", b";", b"\t", b"|", b"\\", b'\\"', b"\n", b"\r", b"\r\n"),
    *(b"\0", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\x1a", b"\f", b"\x0b"),
    *(b"NaN", b"1e999", b"-", b"null", b"true", b"\\u0000", b"\\ud800", b"\xe2\x80\xa8", b"\xc2\x85", b" ", b"=1+1"),
    *(b"[" * 70, b'{"a":' * 70, b"9" * 5000, b"x" * 70_000, b'"' * 1001, b"\n" * 300),
)


@cache
def seeds(kind: str) -> list[tuple[str, bytes]]:
    """Sound files of a kind: name and bytes."""
    belongs: dict[str, Callable[[Case], bool]] = {
        "jsonl": lambda case: case.format == "jsonl" and not case.name.endswith("gz"),
        "json": lambda case: case.format == "json",
        "csv": lambda case: case.format == "csv" and not case.name.endswith(("zip", "gz")),
        "text": lambda case: case.format in {"text", "markdown", "html"},
        "parquet": lambda case: case.format in {"parquet", "arrow"},
        "zip": lambda case: case.name.endswith(("zip", "gz")),
        "office": lambda case: case.format in {"xlsx", "docx", "pdf"},
    }
    found = [(case.name, case.data()) for case in CASES if not case.refused and belongs[kind](case)]
    return [(name, data) for name, data in found if len(data) < 20_000]


def case_of(seed: int, number: int) -> tuple[str, str, bytes]:
    """Kind, name and bytes of a case; the same for the same numbers."""
    chance = random.Random(f"{seed}/{number}")
    kind = KINDS[number % len(KINDS)]
    name, data = chance.choice(seeds(kind))
    if chance.random() < 0.1:
        other = chance.choice(seeds(kind))[1]
        data = data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        data = _changed(data, chance)
    return kind, name, data


def _changed(data: bytes, chance: random.Random) -> bytes:  # noqa: PLR0911 - one way a line
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 2, 4, 16, 200)))
    match chance.randrange(7):
        case 0:
            return data[:start] + chance.randbytes(end - start) + data[end:]
        case 1:
            return data[:start] + data[end:]
        case 2:
            return data[:end] + data[start:]
        case 3:
            return data[:start] + chance.choice(TOKENS) + data[start:]
        case 4:
            return data[:start] + chance.choice(TOKENS) + data[end:]
        case 5:
            return data[:start] if chance.random() < 0.3 else data[:start] + b"\n" + data[start:]
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def outcome_of(folder: Path, name: str, data: bytes) -> str:
    """Parse one case, and hold that it adds up; say how it ended."""
    import pyarrow.parquet as pq

    path = folder / "source"
    path.write_bytes(data)
    order = Order(files=(OrderedFile(path=str(path), name=name),), draft=str(folder), scratch=str(folder / "scratch"))
    (folder / "scratch").mkdir()
    try:
        parsed = parse(order, lambda _: None)
    except SourceError as error:
        return str(error.code) if str(error) and "\n" not in str(error) else f"BROKEN line {error!r}"
    finally:
        shutil.rmtree(folder / "scratch")
    rows = pq.ParquetFile(folder / "rows.parquet").read().to_pydict()
    accepted = sum(record is not None for record in rows["record"])
    rejected = sum(problem is not None for problem in rows["problem"])
    assert accepted + rejected == parsed.num_rows == len(rows["row"])
    assert rejected == parsed.num_malformed
    for index, problem in enumerate(rows["problem"]):
        assert (problem is None) == (rows["record"][index] is not None) == (rows["raw"][index] is None)
        assert problem is None or (problem and rows["line"][index] >= 1 and rows["byte_offset"][index] >= 0)
    return f"{accepted}+{rejected}"


def main(seed: int, start: int, count: int) -> None:
    """Run cases; the line of a case is written when it has ended."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    assert JSONL
    assert CSV
    for kind in dict.fromkeys(KINDS):
        seeds(kind)  # what has to be imported for them is no case's time
    with tempfile.TemporaryDirectory() as folder:
        for number in range(start, start + count):
            kind, name, data = case_of(seed, number)
            begin = time.process_time()
            signal.alarm(HANG_SECONDS)
            try:
                outcome = outcome_of(Path(folder), name, data)
            except MemoryError:
                outcome = "memory"
            except Exception as error:  # noqa: BLE001 - what is being looked for
                outcome = f"BROKEN {type(error).__name__}: {error}"
            line = {"number": number, "kind": kind, "outcome": outcome, "seconds": time.process_time() - begin}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
