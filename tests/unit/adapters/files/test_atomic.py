"""The atomic file layer."""

import hashlib
import os
from pathlib import Path

import pytest

from brewslm.adapters.files.atomic import CHUNK_BYTES, make_folders, seal, write_atomically
from brewslm.core.errors import DiskFullError
from tests.fakes.small_disk import fill_disk, small_disk


def test_a_file_holds_what_was_written(tmp_path: Path) -> None:
    for content in (b"one", b"", b"two" * 100):
        write_atomically(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=256) as disk:
        write_atomically(disk / "file", b"old")
        ballast = fill_disk(disk)
        with pytest.raises(DiskFullError, match=str(disk)):
            write_atomically(disk / "file", b"x" * 100_000)
        assert (disk / "file").read_bytes() == b"old"
        assert {path.name for path in disk.iterdir()} == {"file", ballast.name}


def test_a_failed_rename_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        write_atomically(tmp_path / "file", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 3])
def test_sealing_hashes_the_whole_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    sealed = seal(tmp_path / "file")
    assert (sealed.size_bytes, sealed.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o444


def test_sealing_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(OSError, match="link"):
        seal(tmp_path / "link")


def test_folders_are_made_below_a_place_only(tmp_path: Path) -> None:
    make_folders(tmp_path / "a" / "b", under=tmp_path)
    make_folders(tmp_path / "a" / "b", under=tmp_path)
    assert (tmp_path / "a" / "b").is_dir()
