"""Uploads on disk: what was said to be here is here after a kill, and what nobody goes on with is removed."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from brewslm.adapters.files import uploads
from brewslm.adapters.files.uploads import KEPT, FileUploads
from brewslm.core.errors import ConflictError, DiskFullError, InvalidRequestError, NotFoundError
from tests.fakes.clock import START
from tests.fakes.small_disk import small_disk

LATER = timedelta(hours=1)


def store(folder: Path, **more: int) -> FileUploads:
    return FileUploads(folder, **{"max_bytes": 1 << 40, "spare_bytes": 0, **more})


def write(folder: Path, upload_id: str, content: bytes, offset: int = 0) -> None:
    with store(folder).append(upload_id, offset=offset, now=START) as writer:
        writer.write(content)


def test_bytes_are_appended_and_found_by_another_process(tmp_path: Path) -> None:
    upload = store(tmp_path).create("rows.csv", 6, now=START)
    write(tmp_path, upload.id, b"abc")
    write(tmp_path, upload.id, b"def", offset=3)
    found, path = store(tmp_path).find(upload.id)
    assert (found.is_complete, found.offset_bytes, found.name, path.read_bytes()) == (True, 6, "rows.csv", b"abcdef")


def test_only_one_writes_at_a_time(tmp_path: Path) -> None:
    upload = store(tmp_path).create("rows.csv", 6, now=START)
    with store(tmp_path).append(upload.id, offset=0, now=START):
        with pytest.raises(ConflictError, match="somebody is writing"):
            write(tmp_path, upload.id, b"x")
        with pytest.raises(ConflictError, match="somebody is writing"):
            store(tmp_path).remove(upload.id)


KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from brewslm.adapters.files.uploads import FileUploads
store = FileUploads(Path(sys.argv[1]), max_bytes=1 << 40, spare_bytes=0)
with store.append(sys.argv[2], offset=0, now=datetime.now(UTC)) as writer:
    for _ in range(70):
        writer.write(b"x" * (1 << 20))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_less_than_was_not_yet_durable(tmp_path: Path) -> None:
    upload = store(tmp_path).create("rows.csv", 100 << 20, now=START)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), upload.id], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    found, path = store(tmp_path).find(upload.id)
    assert found.offset_bytes == 64 << 20
    assert path.stat().st_size == 70 << 20, "the rest is there, and not relied on"
    with store(tmp_path).append(upload.id, offset=64 << 20, now=START) as writer:
        writer.write(b"y" * (36 << 20))
    found, path = store(tmp_path).find(upload.id)
    assert found.is_complete
    with path.open("rb") as file:
        assert file.read(64 << 20).strip(b"x") == b""
        assert file.read().strip(b"y") == b""


def test_what_nobody_goes_on_with_is_removed(tmp_path: Path) -> None:
    old = store(tmp_path).create("old.csv", 3, now=START)
    young = store(tmp_path).create("young.csv", 3, now=START + LATER)
    held = store(tmp_path).create("held.csv", 3, now=START)
    with store(tmp_path).append(held.id, offset=0, now=START):
        store(tmp_path).create("new.csv", 3, now=START + KEPT)
    with pytest.raises(NotFoundError, match="may have expired"):
        store(tmp_path).find(old.id)
    assert store(tmp_path).find(young.id)[0].expires_at == START + LATER + KEPT
    assert store(tmp_path).find(held.id)
    assert len(list((tmp_path / "uploads").iterdir())) == 3


def test_space_that_was_promised_is_not_promised_twice(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=4096) as disk:
        first = store(disk).create("a.csv", 3_000_000, now=START)
        with pytest.raises(DiskFullError, match=r"No space for 'b\.csv'"):
            store(disk).create("b.csv", 3_000_000, now=START)
        store(disk).remove(first.id)
        store(disk).create("b.csv", 3_000_000, now=START)


def test_a_full_disk_keeps_what_came_before(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=4096) as disk:
        upload = store(disk).create("a.csv", 3_500_000, now=START)
        write(disk, upload.id, b"x" * 1_000_000)
        (disk / "ballast").write_bytes(b"x" * 2_000_000)
        with pytest.raises(DiskFullError, match="No space is left"):
            write(disk, upload.id, b"y" * 2_000_000, offset=1_000_000)
        (disk / "ballast").unlink()
        offset = store(disk).find(upload.id)[0].offset_bytes
        write(disk, upload.id, b"y" * (3_500_000 - offset), offset=offset)
        assert store(disk).find(upload.id)[0].is_complete


def test_limits_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequestError, match=r"11 bytes; 10 are allowed.*BREWSLM_MAX_UPLOAD_BYTES"):
        store(tmp_path, max_bytes=10).create("a.csv", 11, now=START)
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 2)
    for _ in range(2):
        store(tmp_path).create("a.csv", 1, now=START)
    with pytest.raises(InvalidRequestError, match="There are 2 uploads already"):
        store(tmp_path).create("a.csv", 1, now=START)


@pytest.mark.parametrize("upload_id", ["", ".", "..", "../x", "a" * 31, "A" * 32, "a" * 33, "a" * 32 + "\n", "a/" * 16])
def test_an_id_that_is_none_is_not_looked_up(tmp_path: Path, upload_id: str) -> None:
    for ask in (store(tmp_path).find, store(tmp_path).remove):
        with pytest.raises(NotFoundError):
            ask(upload_id)


def test_a_link_in_the_place_of_the_bytes_is_not_followed(tmp_path: Path) -> None:
    upload = store(tmp_path).create("a.csv", 3, now=START)
    data = store(tmp_path).find(upload.id)[1]
    data.unlink()
    data.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").touch()
    with pytest.raises(OSError, match="symbolic"):
        write(tmp_path, upload.id, b"abc")
    assert (tmp_path / "elsewhere").read_bytes() == b""
