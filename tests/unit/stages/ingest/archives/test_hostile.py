"""Promise E3: crafted archives. Nothing outside the target, nothing left on refusal, one clear line each."""

import itertools
import random
import shutil
import struct
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.archives import ArchiveLimits, is_archive, unpack
from tests.unit.stages.ingest.archives.packing import (
    PACKERS,
    nested,
    overlapping_zip,
    sparse_tar,
    tarred,
    tree,
    zipped,
)

HOSTILE_NAMES = [
    "../evil.csv", "../../../../../../tmp/evil.csv", "a/../../evil.csv", "a/b/../../../evil.csv", "..", "../", "a/..",
    "./../evil.csv", ".. /evil.csv", " ../evil.csv", "/evil.csv", "//evil.csv", "/etc/cron.d/evil", "///evil.csv",
    "C:/evil.csv", "C:\\evil.csv", "c:evil.csv", "Z:\\..\\evil.csv", "\\\\server\\share\\evil.csv", "\\evil.csv",
    "..\\evil.csv", "a\\..\\..\\evil.csv", "..\\../evil.csv", "//server/share/evil.csv", "\\\\?\\C:\\evil.csv",
    "a\nb.csv", "a\rb.csv", "a\x1b[2Jb.csv", "a\x7fb.csv", "a\tb.csv", "\u202ecsv.evil", "a\u2066b.csv", "\x01",
    "n" * 256 + ".csv", "/".join(["d"] * 40) + "/evil.csv", "x/" + "n" * 300, "/".join(["long" * 20] * 15) + ".csv",
]  # fmt: skip
CLASHES = [
    ("a.csv", "A.CSV"), ("a.csv", "a.csv"), ("dir/a.csv", "DIR/A.csv"), ("a", "a/b.csv"), ("a/b.csv", "A"),
    ("straße.csv", "STRASSE.csv"), ("é.csv", "e\u0301.csv"), ("a.csv", "./a.csv"), ("a/b.csv", "a//b.csv"),
    ("a/b.csv", "a\\b.csv"), ("\u017f.csv", "s.csv"), ("K.csv", "\u212a.csv"),
]  # fmt: skip
LINKS = {
    "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "disk": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}  # fmt: skip
MODES = {"symlink": 0o120777, "device": 0o020666, "disk": 0o060666, "pipe": 0o010666, "socket": 0o140666}

ROW = b"a,b\n1,2\n"


def crafted() -> Iterator[tuple[str, bytes]]:
    """More than 300 archives that are refused, each with what is wrong with it."""
    for number, name in enumerate(HOSTILE_NAMES):
        tar = tarred([("good.csv", ROW), (name, ROW)])
        yield f"name {number} zip", zipped([("good.csv", ROW), (name, ROW)])
        yield f"name {number} tar", tar
        yield f"name {number} gnu tar", tarred([("good.csv", ROW), (name, ROW)], format_=tarfile.GNU_FORMAT)
        for kind in PACKERS:
            yield f"name {number} tar.{kind}", PACKERS[kind](tar)
    for number, (one, other) in enumerate(CLASHES):
        yield f"clash {number} zip", zipped([(one, ROW), (other, ROW)])
        yield f"clash {number} tar", tarred([(one, ROW), (other, ROW)])
    for (kind, type_), target in itertools.product(LINKS.items(), ["/etc/passwd", "../x", "good.csv"]):
        tar = tarred([("link", b"")], type_=type_, link=target)
        yield f"{kind} to {target} tar", tar
        yield f"{kind} to {target} tar.gz", PACKERS["gz"](tar)
    for kind, mode in MODES.items():
        yield f"{kind} zip", zipped([("link", b"/etc/passwd")], mode=mode)
    yield from damaged_or_exploding()


def damaged_or_exploding() -> Iterator[tuple[str, bytes]]:
    good = zipped([("a.csv", ROW * 100), ("b.csv", ROW)])
    tar = tarred([("a.csv", ROW * 100), ("b.csv", ROW)])
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        yield f"cut zip {share}", good[: int(len(good) * share)]
        yield f"cut tar {share}", tar[: max(600, int(2048 * share))]
        for kind, pack in PACKERS.items():
            packed = pack(tar)
            yield f"cut tar.{kind} {share}", packed[: max(14, int(len(packed) * share))]
    for place in (30, 40, 44, 48):
        spoiled = bytearray(good)
        spoiled[place] ^= 0xFF
        yield f"spoiled zip {place}", bytes(spoiled)
    spoiled = bytearray(tar)
    spoiled[1536 + 5] ^= 0xFF
    yield "second header spoiled", bytes(spoiled)
    yield (
        "encrypted",
        bytes(good[:6])
        + b"\x01"
        + good[7:].replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
    )
    yield "method 14", zipped([("a.csv", ROW)], method=zipfile.ZIP_LZMA)
    yield "overlap 2", overlapping_zip(2, size=10_000)
    yield "overlap 60,000", overlapping_zip(60_000, size=1_000_000)
    yield "million empty", zipped((f"{n}.csv", b"") for n in range(3000))
    yield "million empty tar", tarred([(f"{n}.csv", b"") for n in range(3000)])
    yield "nested 2", nested(2)
    yield "nested 10", nested(10)
    yield "42 shape", zipped([(f"{n}.zip", zipped([("0.txt", b"0" * 3_000_000)])) for n in range(16)])
    yield "gz in gz in gz", PACKERS["gz"](PACKERS["gz"](PACKERS["gz"](ROW)))
    for kind, pack in PACKERS.items():
        yield f"bomb .{kind}", pack(b"0" * 40_000_000)
        yield f"bomb tar.{kind}", pack(tarred([("a.csv", b"0" * 40_000_000)]))
    yield "bomb zip", zipped([("a.csv", b"0" * 40_000_000)])
    yield "sparse", sparse_tar()
    yield "huge pax header", PACKERS["gz"](huge_header())
    yield "only hidden", zipped([(".a.csv", ROW), ("__MACOSX/b.csv", ROW)])
    yield "empty zip", zipped([])
    yield "lying zip", lying_zip()


def huge_header() -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 30_000_000
    return info.tobuf(tarfile.GNU_FORMAT) + b"n" * 30_000_000


def lying_zip() -> bytes:
    """Its directory says ten bytes; the member has a million."""
    good = zipped([("a.csv", b"x" * 1_000_000)])
    return good.replace(struct.pack("<L", 1_000_000), struct.pack("<L", 10))


LIMITS = ArchiveLimits(max_bytes=30_000_000, max_members=2_000, ratio_counts_from_bytes=1_000_000)


def test_over_300_crafted_archives_leave_nothing_anywhere(tmp_path: Path) -> None:
    path, target = tmp_path / "archive", tmp_path / "deep" / "down" / "target"
    target.mkdir(parents=True)
    num_archives = 0
    for what, content in crafted():
        num_archives += 1
        path.write_bytes(content)
        before = tree(tmp_path)
        begin = time.monotonic()
        with pytest.raises(SourceError) as caught:
            unpack(path, "archive.zip", target, LIMITS, is_cancelled=lambda: False)
        assert tree(tmp_path) == before, what
        assert time.monotonic() - begin < 5, what
        assert caught.value.code in {Reason.INGESTION_REFUSED, Reason.INGESTION_IO_ERROR, Reason.INGESTION_EMPTY}, what
        assert "\n" not in str(caught.value), what
        assert "\x1b" not in str(caught.value), what
        assert "archive.zip" in str(caught.value), what
    assert num_archives > 300


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped([("../evil.csv", ROW)]), "holds the name '../evil.csv', which leads out of its folder"),
        (zipped([("C:\\evil.csv", ROW)]), "which is a path from the root of a disk"),
        (zipped([("a.csv", ROW), ("A.csv", ROW)]), "holds 'A.csv' beside 'a.csv', which is the same name"),
        (zipped([("l", b"x")], mode=0o120777), "holds a link ('l')"),
        (tarred([("l", b"")], type_=tarfile.LNKTYPE, link="x"), "holds a link ('l')"),
        (tarred([("l", b"")], type_=tarfile.FIFOTYPE), "holds a special file ('l')"),
        (sparse_tar(), "holds a sparse file"),
        (overlapping_zip(3, size=1000), "overlap, as those of bombs do"),
        (nested(2), "holds archives that hold archives ('archive.zip/inner.zip/inner.zip')"),
        (zipped((f"{n}", b"") for n in range(2001)), "more than 2,000 entries"),
        (zipped([("a.csv", b"0" * 2_000_000)]), "more than 250 times its size"),
        (b"\x1f\x8b\x08", "is damaged: it ends before its end mark"),
    ],
)
def test_a_refusal_says_what_is_wrong(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        unpack(path, "archive.zip", tmp_path / "t", LIMITS, is_cancelled=lambda: False)
    assert words in str(caught.value)


def test_a_bomb_stops_at_the_limit_of_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(PACKERS["gz"](b"0" * 3_000_000))
    limits = ArchiveLimits(max_bytes=1_000_000)
    with pytest.raises(SourceError, match="unpacks to more than 1,000,000 bytes"):
        unpack(path, "x.gz", tmp_path / "t", limits, is_cancelled=lambda: False)


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(tarred([("a.csv", b"0" * 3_000_000)]))
    answers = iter([False] * 5)
    with pytest.raises(CancelledError, match=r"Unpacking 'x\.tar' was cancelled"):
        unpack(path, "x.tar", tmp_path / "t", LIMITS, is_cancelled=lambda: next(answers, True))
    assert tree(tmp_path / "t") == {}


def test_a_long_name_of_a_gnu_tar_takes_no_memory(tmp_path: Path) -> None:
    """A header of 30 MB is refused before it is read."""
    path = tmp_path / "x.tar"
    path.write_bytes(huge_header())
    with pytest.raises(SourceError, match=r"header .* is too large"):
        unpack(path, "x.tar", tmp_path / "t", ArchiveLimits(), is_cancelled=lambda: False)


def test_office_documents_are_no_archives(tmp_path: Path) -> None:
    for name, first in (("a.xlsx", "[Content_Types].xml"), ("a.odt", "mimetype")):
        (tmp_path / name).write_bytes(zipped([(first, b"x"), ("b.xml", b"y")]))
        assert not is_archive(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"PK", b"BZh9 is a name\n", b"a,b\n1,2\n" * 200, b"\0" * 2000, b"{}" * 600])
def test_what_is_no_archive_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert not is_archive(tmp_path / "x.zip")


def test_every_prefix_of_a_zip_is_refused_or_whole(tmp_path: Path) -> None:
    whole = zipped([("a.csv", ROW), ("b/c.csv", ROW)])
    path = tmp_path / "x.zip"
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(SourceError):
            unpack(path, "x.zip", tmp_path / "t", LIMITS, is_cancelled=lambda: False)
    assert tree(tmp_path / "t") == {}


def mutated(number: int) -> bytes:
    """An archive with some bytes changed, put in, or taken out."""
    chance = random.Random(number)
    tar = tarred([("b.csv", ROW), ("d/a.jsonl", b"{}" * 300), ("e", b"")])
    seeds = [zipped([("b.csv", ROW), ("d/a.jsonl", b"{}" * 300)]), tar, *(pack(tar) for pack in PACKERS.values())]
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        change = chance.choice(["byte", "insert", "delete"])
        if change == "byte":
            data[place] = chance.choice([0, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        elif change == "insert":
            data[place:place] = chance.randbytes(chance.randint(1, 8))
        else:
            del data[place : place + chance.randint(1, 64)]
    return bytes(data)


def test_spoiled_archives_are_refused_or_whole(tmp_path: Path) -> None:
    path, target = tmp_path / "x", tmp_path / "t"
    num_refused = 0
    for number in range(600):
        path.write_bytes(mutated(number))
        if not is_archive(path):
            continue
        try:
            files = unpack(path, "x", target, LIMITS, is_cancelled=lambda: False)
        except SourceError:
            num_refused += 1
            assert tree(target) == {}, number
        else:
            assert all(file.path.is_file() for file in files)
            shutil.rmtree(target)
    assert num_refused > 300
