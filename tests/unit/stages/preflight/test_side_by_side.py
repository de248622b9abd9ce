"""Preflights of one process, side by side, as those of a sweep are."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from brewslm.core.launch.machine_checks import checkpoint_directory


def test_two_that_try_the_same_folder_at_the_same_moment_do_not_see_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, found, real = threading.Barrier(2), [], os.fsync

    def fsync(number: int) -> None:
        real(number)
        both.wait(20)  # each has written, and none has moved its file yet

    monkeypatch.setattr(os, "fsync", fsync)

    def look(job_id: int) -> None:
        context: Any = SimpleNamespace(
            job_id=job_id,
            workers=SimpleNamespace(folder=lambda name: tmp_path / "experiments" / name),
            shelf=SimpleNamespace(path=lambda _name: tmp_path),
        )
        found.append(checkpoint_directory(context))

    threads = [threading.Thread(target=look, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.level for one in found] == ["ok", "ok"]
    assert list((tmp_path / "experiments" / ".preflight").iterdir()) == []
