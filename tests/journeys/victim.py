"""Work in processes of their own that end by SIGKILL at the nth step of one room: a call, or a call of a library."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tests.unit.stages.conftest import parse_here

PARSE = "brewslm.stages.ingest.stage.parse_apart"
_PRELOADED = [
    "tests.journeys.victim",
    "brewslm.bootstrap.container",
    "brewslm.stages.ingest.parser.parse",
    "pyarrow.parquet",
]


class Steps:
    """Counts the steps of a room, such as `adapters/files`; kills this process at one of them."""

    def __init__(self, room: str, kill_at: int | None) -> None:
        self.count = 0
        self._room = f"/brewslm/{room}"
        self._kill_at = kill_at

    def __enter__(self) -> Self:
        sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _look(self, frame: Any, event: str, _argument: object) -> None:
        if event in {"call", "c_call"} and self._room in frame.f_code.co_filename:
            self.count += 1
            if self.count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def run(work: Callable[..., None], *words: Any) -> int:
    """Run it in a process that shares nothing with this one; its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=work, args=words)
    process.start()
    process.join(120)
    assert process.exitcode is not None
    return process.exitcode


def import_rows(home: Path, job_id: int, room: str, kill_at: int | None, told: Path) -> None:
    """Do the job; write down how many steps the room made."""
    from brewslm.bootstrap.container import open_house
    from brewslm.bootstrap.settings import Settings
    from brewslm.stages.ingest import stage

    stage.parse_apart = parse_here  # as in the unit tests: the steps are here
    house = open_house(Settings(home=home, is_private_allowed=True), actor="cli")
    with Steps(room, kill_at) as steps:
        house.runner.run(job_id)
    told.write_text(str(steps.count))


def append(workspace: Path, upload_id: str, content: bytes, kill_at: int | None, told: Path) -> None:
    """Go on with an upload, in pieces that are made durable one by one."""
    from brewslm.adapters.files import uploads

    uploads.SYNC_BYTES = 1 << 16
    store, now = uploads.FileUploads(workspace, max_bytes=1 << 30, spare_bytes=0), datetime.now(UTC)
    with Steps("adapters/files", kill_at) as steps:
        offset = store.find(upload_id)[0].offset_bytes
        with store.append(upload_id, offset=offset, now=now) as writer:
            for start in range(offset, len(content), 40_000):
                writer.write(content[start : start + 40_000])
    told.write_text(str(steps.count))
