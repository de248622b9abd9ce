"""Opening a ledger: made, migrated, or refused in one clear line."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from brewslm.adapters.sql.migrate import MIGRATIONS, migrate, revision_of, statements_of
from brewslm.adapters.sql.schema import HEAD, metadata
from brewslm.adapters.sql.sqlite.driver import journal_mode, load_driver
from brewslm.adapters.sql.storage import SqlStorage, open_storage
from brewslm.core.errors import WorkspaceError
from tests.fakes.ledger import fill
from tests.unit.adapters.sql.raw import raw

ROOT = Path(__file__).parents[4]


def test_a_new_workspace_is_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        storage = open_storage(tmp_path / "workspace" / "brewslm.db")
        fill(storage)
    finally:
        os.umask(before)
    folder = tmp_path / "workspace"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes == {"brewslm.db": 0o600, "brewslm.db-wal": 0o600, "brewslm.db-shm": 0o600}
    storage.close()


def test_what_was_written_is_there_after_opening_again(database: Path) -> None:
    first = open_storage(database)
    fill(first, num_projects=2, num_events=5)
    first.close()
    second = open_storage(database)
    with second.read() as transaction:
        assert len(transaction.projects.list()) == 2
    assert second.verify_events() == (5, ())
    second.close()


def test_the_database_is_as_durable_as_promised(storage: SqlStorage, database: Path) -> None:
    with storage.writing() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "foreign_keys", "busy_timeout")
        }
    with raw(database) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert settings == {"synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_opening_again_is_fast_and_does_not_load_alembic(database: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from brewslm.adapters.sql.storage import open_storage\n"
        "start = time.perf_counter()\n"
        "open_storage(Path(sys.argv[1]))\n"
        "print(time.perf_counter() - start, 'alembic' in sys.modules)\n"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", program, database], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.split()
        for _ in range(2)
    ]
    assert {answer[1] for answer in answers} == {"False"}
    assert min(float(answer[0]) for answer in answers) < 0.1


def test_migrations_make_exactly_the_tables_that_the_code_expects(database: Path) -> None:
    engine = create_engine(f"sqlite:///{database}", module=load_driver())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_new_ledger_is_made_in_one_go_as_the_migrations_make_it(database: Path, tmp_path: Path) -> None:
    stepwise = tmp_path / "stepwise.db"
    made = []
    for path in (database, stepwise):
        engine = create_engine(f"sqlite:///{path}", module=load_driver())
        with engine.begin() as connection:
            if path == stepwise:
                migrate(connection, path, target="0001")
                migrate(connection, path)
            made.append((statements_of(connection), revision_of(connection)))
        engine.dispose()
    assert made[0] == made[1], "a migration is not in newest.sql yet: run `python tools/newest_schema.py`"
    assert made[0][1] == HEAD


def test_a_table_that_differs_from_the_code_is_noticed(database: Path) -> None:
    with raw(database) as connection:
        connection.execute("ALTER TABLE jobs ADD COLUMN colour TEXT")
    engine = create_engine(f"sqlite:///{database}", module=load_driver())
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()


def test_there_is_one_newest_migration_and_the_code_names_it() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, database: Path) -> None:
    broken = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, broken)
    (broken / "versions" / "9999_broken.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision, branch_labels, depends_on = '9999', '{HEAD}', None, None\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE half_done (x)')\n"
        "    op.execute('CREATE TABLE half_done (x)')\n"
    )
    storage = open_storage(database)

    def upgrade() -> None:
        with storage.writing() as connection:
            migrate(connection, database, migrations=broken, target="9999")

    with pytest.raises(Exception, match="half_done"):
        upgrade()
    with raw(database) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half_done'").fetchall() == []
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    storage.close()


def test_a_later_migration_is_applied_to_an_older_database(tmp_path: Path, database: Path) -> None:
    later = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, later)
    (later / "versions" / "9999_later.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision, branch_labels, depends_on = '9999', '{HEAD}', None, None\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE later (x)')\n"
    )
    storage = open_storage(database)
    fill(storage, num_events=2)
    with storage.writing() as connection:
        migrate(connection, database, migrations=later, target="9999")
        assert revision_of(connection) == "9999"
    assert storage.verify_events() == (2, ())
    storage.close()


def test_a_newer_schema_is_refused_and_left_alone(database: Path) -> None:
    with raw(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    content = database.read_bytes()
    with pytest.raises(WorkspaceError, match="newer BrewSLM"):
        open_storage(database)
    assert database.read_bytes() == content


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "brewslm.db"
    with raw(database) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(WorkspaceError, match="another program"):
        open_storage(database)
    with raw(database) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "brewslm.db"
    database.write_text("hello " * 1000)
    with pytest.raises(WorkspaceError, match=r"brewslm\.db' is not a database"):
        open_storage(database)
    assert database.read_text() == "hello " * 1000


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="file/workspace"):
        open_storage(tmp_path / "file" / "workspace" / "brewslm.db")


def test_a_damaged_page_is_reported_in_one_line(storage: SqlStorage, database: Path) -> None:
    fill(storage, num_events=200)
    storage.close()
    content = bytearray(database.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    database.write_bytes(content)
    with pytest.raises(WorkspaceError, match="damaged"):
        open_storage(database).verify_events()


def test_several_processes_may_open_a_new_workspace_at_once(tmp_path: Path) -> None:
    database = tmp_path / "workspace" / "brewslm.db"
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from brewslm.adapters.sql.storage import open_storage\n"
        "print('ready', flush=True)\n"
        "while not Path(sys.argv[2]).exists(): time.sleep(0.001)\n"
        "storage = open_storage(Path(sys.argv[1]))\n"
        "with storage.read() as transaction: print(len(transaction.projects.list()))\n"
    )
    start = tmp_path / "start"
    command = [sys.executable, "-c", program, database, start]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n"] * 3
    start.touch()
    answers = [process.communicate(timeout=60) for process in processes]
    assert [answer[0] for answer in answers] == ["0\n"] * 3, answers


def test_an_old_sqlite_is_not_trusted_with_a_write_ahead_log() -> None:
    assert journal_mode((3, 40, 1)) == "TRUNCATE"
    assert journal_mode((3, 51, 2)) == "TRUNCATE"
    assert journal_mode((3, 51, 3)) == "WAL"
    assert journal_mode((3, 53, 4)) == "WAL"


def test_without_the_bundled_sqlite_that_of_python_is_used(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['pysqlite3.dbapi2'] = None\n"
        "from pathlib import Path\n"
        "from brewslm.adapters.sql.sqlite.driver import load_driver\n"
        "from brewslm.adapters.sql.storage import open_storage\n"
        "from tests.fakes.ledger import fill\n"
        "storage = open_storage(Path(sys.argv[1]))\n"
        "fill(storage, num_projects=2, num_events=7)\n"
        "print(load_driver().__name__, storage.verify_events())\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "brewslm.db"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert answer.stdout == "sqlite3.dbapi2 (7, ())\n", answer.stderr
