"""What every store of uploads promises; run on the fake and on the one with files."""

from datetime import timedelta
from pathlib import Path

import pytest

from brewslm.adapters.files.uploads import FileUploads
from brewslm.core.errors import ConflictError, InvalidRequestError, NotFoundError
from brewslm.core.ports.uploads import UploadStore
from tests.fakes.clock import START
from tests.fakes.uploads import FakeUploads

LATER = START + timedelta(hours=1)
MUCH_LATER = START + timedelta(days=8)


@pytest.fixture(params=["fake", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> UploadStore:
    if request.param == "fake":
        return FakeUploads(tmp_path, max_bytes=100, space_bytes=1000)
    return FileUploads(tmp_path, max_bytes=100, spare_bytes=0)


def test_an_upload_comes_in_pieces_to_its_end(store: UploadStore) -> None:
    upload = store.create("rows.csv", 6, now=START)
    assert (upload.offset_bytes, upload.is_complete, upload.locator) == (0, False, f"upload:{upload.id}")
    with store.append(upload.id, offset=0, now=START) as writer:
        writer.write(b"ab")
        writer.write(b"c")
    assert store.find(upload.id)[0].offset_bytes == 3
    with store.append(upload.id, offset=3, now=START) as writer:
        writer.write(b"def")
    found, path = store.find(upload.id)
    assert (found.is_complete, found.name, path.read_bytes()) == (True, "rows.csv", b"abcdef")


def test_bytes_that_came_before_an_error_are_kept(store: UploadStore) -> None:
    upload = store.create("rows.csv", 4, now=START)
    with store.append(upload.id, offset=0, now=START) as writer:
        writer.write(b"abc")
        with pytest.raises(InvalidRequestError):
            writer.write(b"de")
    assert store.find(upload.id)[0].offset_bytes == 3


def test_bytes_may_be_forgotten(store: UploadStore) -> None:
    upload = store.create("rows.csv", 4, now=START)
    with store.append(upload.id, offset=0, now=START) as writer:
        writer.write(b"abc")
        writer.forget()
    assert store.find(upload.id)[0].offset_bytes == 0


@pytest.mark.parametrize("offset", [1, 4, 10**12])
def test_another_offset_is_a_conflict(store: UploadStore, offset: int) -> None:
    upload = store.create("rows.csv", 4, now=START)
    with pytest.raises(ConflictError), store.append(upload.id, offset=offset, now=START):
        pass


def test_who_writes_is_not_disturbed(store: UploadStore) -> None:
    upload = store.create("rows.csv", 4, now=START)
    with store.append(upload.id, offset=0, now=START):
        with pytest.raises(ConflictError):
            store.remove(upload.id)
        with pytest.raises(ConflictError), store.append(upload.id, offset=0, now=START):
            pass
        store.create("other.csv", 4, now=MUCH_LATER)
    assert store.find(upload.id)[0].id == upload.id


def test_what_expired_is_gone_after_the_next_announcement(store: UploadStore) -> None:
    old, young = store.create("a", 4, now=START), store.create("b", 4, now=START)
    with store.append(young.id, offset=0, now=MUCH_LATER) as writer:
        writer.write(b"x")
    store.create("c", 4, now=MUCH_LATER)
    with pytest.raises(NotFoundError):
        store.find(old.id)
    assert store.find(young.id)[0].expires_at > MUCH_LATER


def test_what_is_removed_or_unknown_is_not_found(store: UploadStore) -> None:
    upload = store.create("rows.csv", 4, now=START)
    store.remove(upload.id)
    for upload_id in (upload.id, "", "../x", "0" * 32):
        with pytest.raises(NotFoundError):
            store.find(upload_id)
        with pytest.raises(NotFoundError):
            store.remove(upload_id)
        with pytest.raises(NotFoundError), store.append(upload_id, offset=0, now=START):
            pass


def test_a_file_that_is_too_large_is_refused(store: UploadStore) -> None:
    with pytest.raises(InvalidRequestError):
        store.create("rows.csv", 101, now=LATER)
