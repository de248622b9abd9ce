"""A disk that is full or cannot be written: one clear line, and nothing lost."""

import shutil
from pathlib import Path

import pytest

from brewslm.adapters.sql.storage import open_storage
from brewslm.core.errors import BrewError, DiskFullError, WorkspaceError
from tests.fakes.ledger import NOW, event, fill
from tests.fakes.small_disk import fill_disk, make_read_only, small_disk

PAGE = {"text": "x" * 4096}


def test_a_full_disk_is_one_clear_line_and_nothing_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=4096) as disk:
        storage = open_storage(disk / "brewslm.db")
        fill(storage, num_events=20)
        ballast = fill_disk(disk, leave_kib=40)
        kept = 20
        with pytest.raises(DiskFullError, match=f"No space is left in '{disk}'"):  # noqa: PT012 - until it is full
            while True:
                with storage.write() as transaction:
                    transaction.events.append(event(payload=PAGE), recorded_at=NOW)
                kept += 1
        assert storage.verify_events() == (kept, ())
        ballast.unlink()
        with storage.write() as transaction:
            assert transaction.events.append(event(payload=PAGE), recorded_at=NOW).seq == kept + 1
        assert storage.verify_events() == (kept + 1, ())
        storage.close()


@pytest.mark.parametrize("leave_kib", [0, 4, 32])
def test_a_new_workspace_on_a_full_disk_is_refused_clearly(tmp_path: Path, leave_kib: int) -> None:
    with small_disk(tmp_path / "disk", size_kib=512) as disk:
        fill_disk(disk, leave_kib=leave_kib)
        with pytest.raises(DiskFullError, match="No space is left"):
            open_storage(disk / "workspace" / "brewslm.db")


def test_a_read_only_disk_is_refused_clearly(tmp_path: Path, empty_database: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=4096) as disk:
        shutil.copy(empty_database, disk / "brewslm.db")
        make_read_only(disk)
        storage = None
        with pytest.raises(WorkspaceError, match=r"brewslm\.db' (is read-only|cannot be opened)"):  # noqa: PT012
            storage = open_storage(disk / "brewslm.db")
            fill(storage)
        if storage is not None:
            storage.close()
        with pytest.raises(BrewError, match="cannot be made"):
            open_storage(disk / "new" / "brewslm.db")
