"""Backups under load, restored and moved between both databases: whole, verified, never over what was not given up."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from brewslm.adapters.sql.backups.contents import Contents, look_into
from brewslm.adapters.sql.backups.files import read_contents
from brewslm.adapters.sql.epochs import SqlServerEpochs
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.adapters.system.leader import lock_workspace
from brewslm.adapters.system.owner import process_owner
from brewslm.bootstrap.leadership import open_as_leader
from brewslm.bootstrap.ledger import open_ledger
from brewslm.bootstrap.ledger_copies import Moved, back_up, migrate_to, restoring
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import ConflictError, InvalidRequestError, NotFoundError, WorkspaceError
from brewslm.core.ids import ProjectId
from brewslm.core.job import JobStatus
from brewslm.core.ports.storage import MetricRow
from tests.fakes.ledger import NOW, event, fill, record
from tests.fakes.postgres import Cluster
from tests.unit.adapters.sql.raw import raw

OWNERS = (None, ProjectId(1), ProjectId(2))


def settings_at(home: Path, database_url: str | None = None) -> Settings:
    return Settings(home=home, database_url=database_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A workspace whose ledger holds something of everything."""
    url = request.getfixturevalue("postgres").ledger() if request.param == "postgresql" else None
    made = settings_at(tmp_path / "home", url)
    with closing(open_ledger(made)) as ledger:
        fill_all(ledger)
    return made


def fill_all(ledger: SqlStorage) -> None:
    """Rows that are hard to keep: numbers to the last bit, times to the microsecond, text that hashes are over."""
    fill(ledger, num_projects=2, num_events=7)
    with ledger.write() as transaction:
        first = transaction.jobs.add(project_id=ProjectId(1), kind="train", payload={"ü": [1, 2.5]}, created_at=NOW)
        transaction.jobs.add(
            project_id=ProjectId(1), kind="train", payload={}, created_at=NOW, parent_id=first.id, retry_of=first.id
        )
        made = transaction.artifacts.add(record(first, {"n": 1}))
        transaction.artifacts.add(record(first, {"n": 2}, kind="schema", parents=(made.id,)))
        rows = [
            MetricRow(job_id=first.id, seq=n, kind="log", step=n, body={"loss": n / 3, "grad_norm": 1e300 / n})
            for n in range(1, 30)
        ]
        transaction.metrics.append(rows, job_id=first.id, offset=2**40)
        transaction.jobs.change(first, fraction=1 / 3, lease_owner="h|b|1|2", lease_expires_at=NOW)
        odd = event(payload={"b": (1, 2.50), "a": {"ü": "\u2028"}, "big": 2**70}, summary="ü\u2028 'x' %s")
        transaction.events.append(odd, recorded_at=NOW)


def everything(settings: Settings) -> tuple[object, ...]:
    """All that readers can see of it."""
    with closing(open_ledger(settings)) as ledger, ledger.read() as transaction:
        jobs = transaction.jobs.list()
        return (
            transaction.projects.list(),
            jobs,
            transaction.artifacts.list(),
            transaction.events.list(),
            tuple(transaction.metrics.list(job.id) for job in jobs),
            tuple(transaction.metrics.offset(job.id) for job in jobs),
        )


def contents_of(settings: Settings) -> Contents:
    with closing(open_ledger(settings)) as ledger, ledger.reading() as connection:
        return look_into(connection, "it")


def restore(settings: Settings, file: Path, *, is_replacing: bool = False) -> Moved:
    with restoring(settings, file, is_replacing=is_replacing) as found:
        return found.carry_out()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Another workspace, without anything."""
    url = request.getfixturevalue("postgres").make() if request.param == "postgresql" else None
    return settings_at(tmp_path / "other", url)


def test_a_backup_of_either_database_is_restored_into_either(settings: Settings, empty: Settings) -> None:
    file = settings.home / "kept.db"
    backed_up = back_up(settings, file, is_replacing=False)
    assert [path.name for path in file.parent.iterdir() if path.name.startswith((".ledger", "kept"))] == ["kept.db"]
    assert file.stat().st_mode & 0o777 == 0o600
    before, content = everything(settings), file.read_bytes()
    restored = restore(empty, file)
    assert (restored.contents, restored.kept) == (backed_up.contents, None)
    assert everything(empty) == before
    assert everything(settings) == before
    assert file.read_bytes() == content
    with closing(open_ledger(empty)) as ledger, ledger.write() as transaction:
        assert transaction.events.append(event(), recorded_at=NOW).seq == len(before[3]) + 1  # type: ignore[arg-type]
        assert transaction.jobs.add(project_id=ProjectId(1), kind="train", payload={}, created_at=NOW).id == 3


def test_a_ledger_moves_to_the_other_database_and_back(tmp_path: Path, postgres: Cluster) -> None:
    here = settings_at(tmp_path / "home")
    with closing(open_ledger(here)) as ledger:
        fill_all(ledger)
    before = everything(here)
    url = postgres.make()
    assert migrate_to(here, url).contents == contents_of(here)
    there = settings_at(here.home, url)
    assert everything(there) == before
    with pytest.raises(ConflictError, match="holds a ledger of 2 projects already"):
        migrate_to(here, url)
    with pytest.raises(InvalidRequestError, match="already"):
        migrate_to(there, url)
    with pytest.raises(ConflictError, match=r"brewslm\.db' holds a ledger of 2 projects already"):
        migrate_to(there, "sqlite:")
    back = tmp_path / "back.db"
    migrate_to(there, f"sqlite:{back}")
    with raw(back) as one, raw(here.database) as other:
        for table in ("jobs", "artifacts", "run_events", "metrics", "chain_heads", "journal_positions"):
            query = f"SELECT * FROM {table} ORDER BY 1, 2"
            assert one.execute(query).fetchall() == other.execute(query).fetchall(), table


def test_what_is_replaced_is_asked_for_and_kept(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    back_up(settings, file, is_replacing=False)
    with closing(open_ledger(settings)) as ledger, ledger.write() as transaction:
        transaction.projects.add(name="later", template="general", base_model="m", seed=1, created_at=NOW)
    later = everything(settings)
    with pytest.raises(ConflictError, match="holds 3 projects already"):
        restore(settings, file)
    assert everything(settings) == later
    moved = restore(settings, file, is_replacing=True)
    assert contents_of(settings) == moved.contents
    assert moved.contents.rows["projects"] == 2
    assert moved.kept is not None
    restore(settings, moved.kept, is_replacing=True)
    assert everything(settings) == later
    with pytest.raises(ConflictError, match="exists"):
        back_up(settings, file, is_replacing=False)
    assert back_up(settings, file, is_replacing=True).contents.rows["projects"] == 3


def test_nothing_is_restored_while_somebody_works(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    back_up(settings, file, is_replacing=False)
    lock = lock_workspace(settings.home)
    with pytest.raises(ConflictError, match="is being served already"):
        restore(settings, file, is_replacing=True)
    lock.release()
    with closing(open_ledger(settings)) as ledger, ledger.write() as transaction:
        job = transaction.jobs.list()[0]
        transaction.jobs.change(job, status=JobStatus.RUNNING, lease_owner=process_owner(), lease_expires_at=NOW)
    with pytest.raises(ConflictError, match=rf"job {job.id} \(train\) is being done by"):
        restore(settings, file, is_replacing=True)
    with pytest.raises(ConflictError, match="is being done by"):
        migrate_to(settings, f"sqlite:{tmp_path / 'x.db'}")


def test_a_server_of_another_workspace_on_the_same_database_counts(postgres: Cluster, tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "one", postgres.ledger())
    with closing(open_ledger(settings)) as ledger:
        assert ledger.hold_seat()
        with pytest.raises(ConflictError, match="is being served just now"):
            migrate_to(settings_at(tmp_path / "two", settings.database_url), "sqlite:")


def test_one_server_leads_on_a_database_of_two_workspaces(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.ledger()
    house, leadership = open_as_leader(settings_at(tmp_path / "one", url))
    with pytest.raises(ConflictError, match=f"{url}' is being served already, by .*{os.getpid()}"):
        open_as_leader(settings_at(tmp_path / "two", url))
    postgres.stop()
    postgres.start()
    assert leadership.is_current()
    with closing(open_ledger(settings_at(tmp_path / "three", url))) as other:
        assert not other.hold_seat(), "it was taken again"
        SqlServerEpochs(other).take("another", at=NOW)
    assert not leadership.is_current()
    leadership.lock.release()
    house.ports.storage.close()  # type: ignore[attr-defined]


def test_what_is_no_backup_is_refused_and_nothing_is_touched(settings: Settings, tmp_path: Path) -> None:
    good, bad = tmp_path / "kept.db", tmp_path / "bad.db"
    back_up(settings, good, is_replacing=False)
    before = everything(settings)
    content = bytearray(good.read_bytes())

    def refused(match: str, error: type[Exception] = WorkspaceError) -> None:
        with pytest.raises(error, match=match):
            restore(settings, bad, is_replacing=True)
        assert everything(settings) == before
        assert not list(settings.home.glob(".ledger*"))

    refused("There is no file", NotFoundError)
    bad.write_bytes(b"hello " * 1000)
    refused("is no backup")
    bad.write_bytes(bytes(content[:8192]) + b"\xff" * 8192 + bytes(content[16384:]))
    refused("damaged")
    bad.write_bytes(good.read_bytes())
    with raw(bad) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused("newer BrewSLM")
    bad.write_bytes(good.read_bytes())
    with raw(bad, has_triggers=False) as connection:
        connection.execute("UPDATE run_events SET summary = 'nothing' WHERE seq = 3")
    refused("changed by force: event 3")


def test_a_backup_is_not_written_where_it_cannot_be(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        back_up(settings, tmp_path / "absent" / "kept.db", is_replacing=False)
    with pytest.raises(NotFoundError, match="no ledger"):
        back_up(settings_at(tmp_path / "nothing"), tmp_path / "kept.db", is_replacing=False)
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        back_up(settings, tmp_path / "folder.db", is_replacing=True)
    assert not list(tmp_path.glob(".ledger*"))


@contextmanager
def writing(settings: Settings) -> Iterator[None]:
    """Two that append to three chains at once, for as long as this lasts."""
    stop = threading.Event()

    def append() -> None:
        with closing(open_ledger(settings)) as ledger:
            while not stop.wait(0.02):  # else most of two hundred cycles goes into reading what has grown
                with ledger.write() as transaction:
                    for owner in OWNERS:
                        transaction.events.append(event(project_id=owner), recorded_at=NOW)

    threads = [threading.Thread(target=append) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    "num_cycles", [int(os.environ.get("BREWSLM_TEST_CYCLES", "3")), pytest.param(200, marks=pytest.mark.long)]
)
def test_backups_under_load_are_one_moment_each(settings: Settings, tmp_path: Path, num_cycles: int) -> None:
    seen = []
    with writing(settings):
        for number in range(num_cycles):
            file, home = tmp_path / f"{number}.db", tmp_path / f"home-{number}"
            moved = back_up(settings, file, is_replacing=False)
            assert restore(settings_at(home), file).contents == moved.contents
            found = read_contents(home / "brewslm.db")
            assert found == moved.contents
            assert found.problems == ()
            assert (found.rows["run_events"] - 8) % len(OWNERS) == 0, "a transaction is whole or absent"
            seen.append(found.rows["run_events"])
            with raw(home / "brewslm.db") as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            file.unlink()
            (home / "brewslm.db").unlink()
    print(f"{num_cycles} cycles, the last with {seen[-1]} events")
    assert seen == sorted(seen)
