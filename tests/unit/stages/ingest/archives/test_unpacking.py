"""Good archives: every file comes out, byte for byte, under its name."""

import struct
import tarfile
from pathlib import Path

import pytest

from brewslm.core.ports.source import SourceFile
from brewslm.stages.ingest.archives import ArchiveLimits, is_archive, unpack
from tests.unit.stages.ingest.archives.packing import PACKERS, tarred, zipped

ROW = b"a,b\n1,2\n"
BIG = bytes(range(256)) * 5000
MEMBERS = [("b.csv", ROW), ("dir/deep/a.jsonl", BIG), ("empty.txt", b""), ("zähler 问题.csv", ROW)]


def unpacked(tmp_path: Path, content: bytes, name: str, **more: object) -> dict[str, bytes]:
    path = tmp_path / "given"
    path.write_bytes(content)
    assert is_archive(path)
    files = unpack(path, name, tmp_path / "out", ArchiveLimits(), is_cancelled=lambda: False, **more)
    assert all(isinstance(file, SourceFile) and file.path.is_relative_to(tmp_path / "out") for file in files)
    assert [file.name for file in files] == sorted(file.name for file in files)
    return {file.name: file.path.read_bytes() for file in files}


def archives() -> dict[str, bytes]:
    found = {"x.zip": zipped(MEMBERS), "x.tar": tarred(MEMBERS), "gnu.tar": tarred(MEMBERS, format_=tarfile.GNU_FORMAT)}
    return found | {f"x.tar.{kind}": pack(tarred(MEMBERS)) for kind, pack in PACKERS.items()}


@pytest.mark.parametrize("name", archives())
def test_every_file_comes_out(tmp_path: Path, name: str) -> None:
    assert unpacked(tmp_path, archives()[name], name) == {f"{name}/{member}": content for member, content in MEMBERS}


@pytest.mark.parametrize("kind", PACKERS)
def test_a_compressed_file_is_one_file(tmp_path: Path, kind: str) -> None:
    assert unpacked(tmp_path, PACKERS[kind](BIG), f"rows.csv.{kind}") == {"rows.csv": BIG}


@pytest.mark.parametrize("kind", PACKERS)
def test_several_compressed_streams_in_a_row_are_one_file(tmp_path: Path, kind: str) -> None:
    pack = PACKERS[kind]
    assert unpacked(tmp_path, pack(ROW) + pack(BIG) + pack(ROW), f"rows.csv.{kind}") == {"rows.csv": ROW + BIG + ROW}


def test_frames_of_zstandard_that_hold_no_data_are_passed_over(tmp_path: Path) -> None:
    empty = struct.pack("<LL", 0x184D2A50, 5) + b"hello"
    pack = PACKERS["zst"]
    assert unpacked(tmp_path, empty + pack(ROW) + empty + pack(ROW), "rows.csv.zst") == {"rows.csv": ROW + ROW}


def test_compressed_files_within_an_archive_are_opened(tmp_path: Path) -> None:
    members = [("a.csv.gz", PACKERS["gz"](ROW)), ("more.zip", zipped([("x/b.csv", ROW)])), ("c.csv", ROW)]
    assert unpacked(tmp_path, zipped(members), "all.zip") == {
        "all.zip/a.csv": ROW,
        "all.zip/more.zip/x/b.csv": ROW,
        "all.zip/c.csv": ROW,
    }


def test_hidden_files_and_those_of_operating_systems_are_left_out_and_said(tmp_path: Path) -> None:
    skipped: list[str] = []
    members = [
        ("a.csv", ROW), (".DS_Store", b"x"), ("__MACOSX/._a.csv", b"x"), (".git/config", b"x"), ("b/.hidden", b"x"),
        ("Thumbs.db", b"x"),
    ]  # fmt: skip
    for content in (zipped(members), tarred(members)):
        assert unpacked(tmp_path, content, "x", on_skipped=skipped.append) == {"x/a.csv": ROW}
    assert sorted(set(skipped)) == sorted(name for name, _ in members[1:])


def test_a_program_before_a_zip_does_no_harm(tmp_path: Path) -> None:
    """Self-extracting archives begin with something else; as a file they are not taken for an archive."""
    path = tmp_path / "setup.exe"
    path.write_bytes(b"MZ" + b"\0" * 500 + zipped([("a.csv", ROW)]))
    assert not is_archive(path)


def test_folders_and_windows_separators_are_understood(tmp_path: Path) -> None:
    assert unpacked(tmp_path, zipped([("dir/", b""), ("dir\\a.csv", ROW), ("./b.csv", ROW)]), "x.zip") == {
        "x.zip/dir/a.csv": ROW,
        "x.zip/b.csv": ROW,
    }
