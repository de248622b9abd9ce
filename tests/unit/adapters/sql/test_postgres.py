"""What is PostgreSQL's own: refusals, its guards, numbers in the order of commits, the server's place, and restarts."""

import random
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from brewslm.adapters.sql.epochs import SqlServerEpochs
from brewslm.adapters.sql.feed import SqlFeed
from brewslm.adapters.sql.postgres.database import postgres_at
from brewslm.adapters.sql.schema import metadata
from brewslm.adapters.sql.storage import SqlStorage, prepared
from brewslm.core.errors import BrewError, InvalidRequestError, NotFoundError, WorkspaceError
from brewslm.core.ids import ProjectId
from brewslm.core.ports.reading.feed import Cursor, Scope
from tests.fakes.ledger import NOW, event, fill
from tests.fakes.postgres import Cluster
from tests.unit.adapters.sql.places import database_at, open_at

NUM_APPENDERS = 8
PASSWORD = "canary-7f3a"


@pytest.fixture
def place(postgres: Cluster) -> str:
    return postgres.ledger()


def test_migrations_make_exactly_the_tables_that_the_code_expects(ledger: SqlStorage) -> None:
    with ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run_events SET summary = 'nothing to see' WHERE seq = 3",
        "UPDATE run_events SET actor = actor",
        "DELETE FROM run_events WHERE seq = 3",
        "TRUNCATE run_events CASCADE",
        "INSERT INTO run_events SELECT * FROM run_events WHERE seq = 3 ON CONFLICT (seq) DO UPDATE SET actor = 'me'",
    ],
)
def test_the_database_itself_refuses_to_change_an_event(ledger: SqlStorage, place: str, statement: str) -> None:
    fill(ledger, num_events=4)
    with psycopg.connect(place) as connection, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        connection.execute(statement)
    assert ledger.verify_events() == (4, ())


def test_an_event_that_was_changed_past_the_guards_is_named(ledger: SqlStorage, place: str) -> None:
    fill(ledger, num_projects=2, num_events=9)
    with psycopg.connect(place) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE run_events SET occurred_at = occurred_at + interval '1 hour' WHERE seq = 4")
    assert [problem.seq for problem in ledger.verify_events()[1]] == [4]


def test_a_character_that_cannot_be_kept_is_replaced_and_the_chain_holds(ledger: SqlStorage) -> None:
    fill(ledger)
    with ledger.write() as transaction:
        stored = transaction.events.append(event(summary="a\0b", payload={"x": "a\0b"}), recorded_at=NOW)
        job = transaction.jobs.add(project_id=ProjectId(1), kind="train", payload={"x": "\0"}, created_at=NOW)
        transaction.jobs.change(job, error="at \0")
    with ledger.read() as transaction:
        assert transaction.events.list() == (stored,)
        assert (stored.summary, stored.payload) == ("a\ufffdb", {"x": "a\0b"})
        assert transaction.jobs.get(job.id).error == "at \ufffd"
    assert ledger.verify_events() == (1, ())


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://me:{password}@127.0.0.1:1/ledger", r"'postgresql://me@127\.0\.0\.1:1/ledger' cannot be reached"),
        ("postgresql://brewslm:{password}@127.0.0.1:{port}/absent", "absent.*does not exist"),
        ("postgresql://nobody_here:{password}@127.0.0.1:{port}/postgres", "nobody_here.*does not exist"),
        ("postgresql://me:{password}@127.0.0.1:{port}/", "postgresql://USER@HOST"),
        ("postgresql://me:{password}@127.0.0.1:x/y", "postgresql://USER@HOST"),
        ("mysql://me:{password}@127.0.0.1/ledger", "postgresql://USER@HOST"),
        ("{password}", "postgresql://USER@HOST"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_the_password(
    postgres: Cluster, address: str, said: str
) -> None:
    with pytest.raises(BrewError, match=said) as caught:
        open_at_address(address.format(password=PASSWORD, port=postgres.port))
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)


def open_at_address(address: str) -> None:
    prepared(postgres_at(address, busy_timeout_seconds=2.0))


def test_a_password_is_in_no_message_and_no_picture_of_the_database(postgres: Cluster) -> None:
    address = f"postgresql://brewslm:{PASSWORD}@127.0.0.1:{postgres.port}/absent?options=-c%20work_mem%3D{PASSWORD}"
    database = postgres_at(address, busy_timeout_seconds=1.0)
    assert database.name == f"postgresql://brewslm@127.0.0.1:{postgres.port}/absent"
    storage = SqlStorage(database)
    with pytest.raises(WorkspaceError) as caught, storage.read():
        pass
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__}{storage._reader!r}"


def test_without_the_driver_the_extra_is_named() -> None:
    program = (
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        "from brewslm.adapters.sql.postgres.database import postgres_at\n"
        "postgres_at('postgresql://me@127.0.0.1/ledger', busy_timeout_seconds=1)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install 'brewslm[postgres]'" in done.stderr


def test_a_database_with_another_encoding_is_refused(postgres: Cluster) -> None:
    postgres.execute("CREATE DATABASE odd ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(WorkspaceError, match=r"LATIN1.*createdb --encoding=UTF8"):
        open_at(postgres.url("odd"))


def test_a_user_who_may_not_make_tables_is_told(postgres: Cluster) -> None:
    address = postgres.make()
    postgres.execute("CREATE ROLE guest LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC", address)
    with pytest.raises(WorkspaceError, match="give it the right to make tables"):
        open_at(address.replace("brewslm@", "guest@"))


def test_the_tables_of_another_program_are_left_alone(postgres: Cluster) -> None:
    address = postgres.make()
    postgres.execute("CREATE TABLE theirs (x int)", address)
    with pytest.raises(WorkspaceError, match="another program"):
        open_at(address)


def test_who_opens_a_new_database_at_once_makes_its_tables_once(postgres: Cluster) -> None:
    address = postgres.make()
    errors: list[Exception] = []

    def make() -> None:
        try:
            open_at(address).close()
        except BrewError as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_follower_never_sees_a_number_before_the_one_below_it(ledger: SqlStorage, place: str) -> None:
    """Appenders with connections of their own wait at random between taking a number and the commit."""
    fill(ledger)
    with ledger.write() as transaction:
        transaction.jobs.add(project_id=ProjectId(1), kind="train", payload={}, created_at=NOW)
    stores = [SqlStorage(database_at(place)) for _ in range(NUM_APPENDERS)]

    def append(storage: SqlStorage, chance: random.Random) -> None:
        for _ in range(6):
            with storage.write() as transaction:
                for _ in range(chance.randint(1, 3)):
                    transaction.events.append(event(project_id=ProjectId(1)), recorded_at=NOW)
                threading.Event().wait(chance.random() / 100)

    threads = [
        threading.Thread(target=append, args=(storage, random.Random(number))) for number, storage in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    feed, seen = SqlFeed(ledger), []
    while True:
        is_over = not any(thread.is_alive() for thread in threads)
        found = feed.page(Scope(), after=Cursor(len(seen)), limit=1000).events
        seen += [row.seq for row in found]
        assert seen == list(range(1, len(seen) + 1))
        if is_over and not found:
            break
    assert ledger.verify_events() == (len(seen), ())
    assert len(seen) >= 6 * NUM_APPENDERS
    for storage in stores:
        storage.close()


def test_of_many_that_want_to_serve_one_leads_until_its_session_ends(ledger: SqlStorage, place: str) -> None:
    stores = [ledger, *(SqlStorage(database_at(place)) for _ in range(19))]
    holds: list[SqlStorage] = []
    barrier = threading.Barrier(len(stores))

    def want(storage: SqlStorage) -> None:
        barrier.wait()
        if SqlServerEpochs(storage).hold():
            holds.append(storage)

    threads = [threading.Thread(target=want, args=(storage,)) for storage in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (leader,) = holds
    other = next(storage for storage in stores if storage is not leader)
    assert leader.hold_seat()
    assert not other.hold_seat()
    for storage in stores:
        if storage is not other:
            storage.close()
    wait_until(other.hold_seat)
    other.close()


def wait_until(is_so: object) -> None:
    deadline = time.monotonic() + 60
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_a_restart_is_waited_for_and_the_servers_place_is_taken_again(
    ledger: SqlStorage, place: str, postgres: Cluster
) -> None:
    fill(ledger, num_events=3)
    assert ledger.hold_seat()
    for how in (signal.SIGINT, signal.SIGQUIT):
        postgres.stop(how)
        with pytest.raises(WorkspaceError, match="cannot be reached just now"):
            open_at(place)
        waiting = threading.Thread(target=fill_more, args=(ledger,))
        waiting.start()
        postgres.start()
        waiting.join()
        with ledger.read() as transaction:
            assert len(transaction.projects.list()) > 1
        assert ledger.hold_seat()
    ledger.stamp()
    assert ledger.verify_events() == (5, ())


def fill_more(storage: SqlStorage) -> None:
    with storage.write() as transaction:
        number = len(transaction.projects.list())
        transaction.projects.add(name=f"more {number}", template="general", base_model="m", seed=1, created_at=NOW)
        transaction.events.append(event(), recorded_at=NOW)


def test_what_a_restart_breaks_off_is_whole_or_absent_and_said(ledger: SqlStorage, postgres: Cluster) -> None:
    fill(ledger)
    with pytest.raises(WorkspaceError, match="cannot be reached just now"), ledger.write() as transaction:  # noqa: PT012
        transaction.events.append(event(), recorded_at=NOW)
        postgres.stop(signal.SIGINT)
        postgres.start()
        transaction.events.append(event(), recorded_at=NOW)
    assert ledger.verify_events() == (0, ())
    with ledger.write() as transaction:
        assert transaction.events.append(event(), recorded_at=NOW).seq == 1


def test_what_is_missing_is_told_as_on_sqlite(ledger: SqlStorage) -> None:
    with pytest.raises(NotFoundError), ledger.write() as transaction:
        transaction.jobs.add(project_id=ProjectId(9), kind="train", payload={}, created_at=NOW)
    with pytest.raises(InvalidRequestError, match="USER@HOST"):
        postgres_at("", busy_timeout_seconds=1.0)
