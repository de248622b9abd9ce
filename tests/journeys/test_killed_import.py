"""Promise E6: an import that is killed is invisible; done again it gives the same, and nothing stays behind."""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from brewslm.adapters.files.uploads import FileUploads
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.ids import JobId, ProjectId
from brewslm.stages.ingest.contract import IngestInputs
from tests.fakes.web_server import WebServer, serving
from tests.journeys import victim
from tests.unit.stages.conftest import parse_here

SEED = int(os.environ.get("BREWSLM_KILL_SEED", "6"))
KILLS_A_ROOM = int(os.environ.get("BREWSLM_KILLS", "3"))
ROOMS = ("adapters/sources/web", "stages/ingest", "adapters/files", "adapters/sql")
"""Where the kill comes: while fetching, while the rows are written, while they are published, in the books."""
CONTENT = b"".join(b'{"prompt": "what is %d?", "completion": "%d"}\n' % (number, number) for number in range(4000))
LONG_AGO = time.time() - 3600


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with serving(lambda exchange: exchange.give_file(CONTENT, ETag='"v1"')) as server:
        yield server


def opened(home: Path) -> House:
    return open_house(Settings(home=home, is_private_allowed=True), actor="cli")


def begun(home: Path, web: WebServer) -> tuple[House, JobId]:
    house = opened(home)
    project = house.projects.create("killed")
    return house, house.jobs.submit(project.id, "ingest", IngestInputs(locator=web.url("/rows.jsonl"))).id


def snapshots(house: House) -> list[str]:
    with house.ports.storage.read() as transaction:
        return [str(one.id) for one in transaction.artifacts.list(project_id=ProjectId(1), kind="snapshot")]


def files_of(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in (home / "projects").rglob("*")}


def age(home: Path) -> None:
    """Let an hour pass for what a dead process left, which is kept for a minute."""
    for path in (home / "projects").glob("*/.draft-*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("room", ROOMS)
def test_a_killed_import_is_invisible_and_done_again_gives_the_same(
    room: str, web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(victim.PARSE, parse_here)
    whole, told = tmp_path / "whole", tmp_path / "told"
    house, job_id = begun(whole, web)
    assert victim.run(victim.import_rows, whole, job_id, room, None, told) == 0
    (wanted,) = snapshots(house)
    num_steps = int(told.read_text())
    assert num_steps > 50, "or the kills would all come at the same point"

    num_kills = num_invisible = 0
    for point in random.Random(f"{SEED}/{room}").sample(range(1, num_steps + 1), KILLS_A_ROOM):
        home = tmp_path / f"killed-at-{point}"
        house, job_id = begun(home, web)
        # A quick run notes its progress less often than a slow one, and may end before the last points.
        num_kills += victim.run(victim.import_rows, home, job_id, room, point, told) == -signal.SIGKILL
        is_done = house.jobs.get(job_id).status == "completed"
        assert snapshots(house) == ([wanted] if is_done else []), f"seed {SEED}: a part is visible after step {point}"
        num_invisible += not is_done
        age(home)
        again = opened(home).runner.run(job_id)
        assert (again.status, again.artifact_id) == ("completed", wanted), f"seed {SEED}, step {point}: {again.error}"
        assert files_of(home) == files_of(whole), f"seed {SEED}: something stayed behind after step {point}"
        assert house.audit.verify_events().is_clean
    assert num_kills >= num_invisible >= KILLS_A_ROOM // 2 > 0


def test_an_upload_that_is_killed_goes_on_and_gives_the_same_bytes(tmp_path: Path) -> None:
    store, told = FileUploads(tmp_path, max_bytes=1 << 30, spare_bytes=0), tmp_path / "told"
    content = random.Random(SEED).randbytes(1 << 20)
    whole = store.create("rows.csv", len(content), now=datetime.now(UTC))
    assert victim.run(victim.append, tmp_path, whole.id, content, None, told) == 0
    num_steps = int(told.read_text())

    chance, reached = random.Random(SEED), 0
    for _ in range(KILLS_A_ROOM):
        upload = store.create("rows.csv", len(content), now=datetime.now(UTC))
        point = chance.randrange(1, num_steps)
        assert victim.run(victim.append, tmp_path, upload.id, content, point, told) == -signal.SIGKILL
        found, data = store.find(upload.id)
        assert data.read_bytes()[: found.offset_bytes] == content[: found.offset_bytes], f"seed {SEED}, step {point}"
        reached += found.offset_bytes
        assert victim.run(victim.append, tmp_path, upload.id, content, None, told) == 0
        found, data = store.find(upload.id)
        assert found.is_complete
        assert data.read_bytes() == content
        store.remove(upload.id)
    assert 0 < reached < KILLS_A_ROOM * len(content)
    assert {path.name for path in (tmp_path / "uploads").rglob("*") if path.is_file()} == {
        "data",
        "offset",
        "upload.json",
    }
