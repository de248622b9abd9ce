"""A real PostgreSQL for tests: its own cluster in a temporary folder, on loopback, run by an ordinary user."""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sql.postgres.database import postgres_at
from brewslm.adapters.sql.schema import metadata
from brewslm.adapters.sql.storage import BUSY_TIMEOUT_SECONDS, SqlStorage, prepared

USER = "brewslm"
_MISSING = (
    "PostgreSQL is missing, and half of these tests run on it: install it (Debian: `apt-get install postgresql`; "
    "macOS: `brew install postgresql`), or put its folder bin on PATH"
)
_FAST = (
    "fsync=off",  # no test takes the power away, and each makes databases
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "listen_addresses=127.0.0.1",
)
_DIES_WITH_PARENT = 1


def programs() -> Path:
    """The folder of PostgreSQL's programs; a test that needs them fails where there is none."""
    beside = shutil.which("postgres")
    found = [Path(beside).resolve().parent] if beside else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    pytest.fail(_MISSING, pytrace=False)


@dataclass
class Cluster:
    """One server, with as many databases as tests ask for."""

    folder: Path
    bin: Path
    port: int
    user: str | None
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=count)
    _ledger: str | None = None

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = [word for setting in _FAST for word in ("-c", setting)]
        command = [
            self.bin / "postgres",
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
            "-k",
            self.folder,
            *settings,
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                user=self.user,
                cwd=self.folder,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call of the kernel, and no lock
            )
        self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "60", is_repeated=True)

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT breaks off what is going on, SIGQUIT leaves without a word, as a crash does."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(60)

    def ledger(self) -> str:
        """The address of a ledger without a row: the same one for every test, because emptying it costs the least."""
        if self._ledger is None:
            self._ledger = self.make()
            self.open(self._ledger).close()
        else:
            tables = "; ".join(f"DELETE FROM {table.name}" for table in metadata.sorted_tables)
            self.execute(f"SET session_replication_role = replica; {tables}", self._ledger)
        return self._ledger

    def open(self, url: str, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> SqlStorage:
        """Open the ledger in a database."""
        return prepared(postgres_at(url, busy_timeout_seconds=busy_timeout_seconds), busy_timeout_seconds)

    def make(self) -> str:
        """Make a database without a table; its address."""
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str, address: str = "") -> None:
        """Do something as the one who may do everything, by default outside of all ledgers."""
        import psycopg

        with psycopg.connect(address or self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *words: str, is_repeated: bool = False) -> None:
        while True:
            done = subprocess.run(
                [self.bin / program, *words],
                user=self.user,
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return
            is_alive = self.process is not None and self.process.poll() is None
            if not (is_repeated and is_alive):
                pytest.fail(f"{program}: {done.stderr or (self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A new cluster with a running server; gone at the end."""
    bin_folder = programs()
    folder = Path(tempfile.mkdtemp(prefix="brewslm-postgres-"))
    user = _ordinary_user()
    if user is not None:
        shutil.chown(folder, user)
    made = Cluster(folder, bin_folder, _free_port(), user)
    try:
        locale = ("--encoding=UTF8", "--locale=C")
        made._run("initdb", "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync", *locale)
        made.start()
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _ordinary_user() -> str | None:
    """PostgreSQL refuses to run as root; None where nobody has to be changed to."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> Any:
    """Ask the kernel to end the server where the tests are killed; elsewhere than on Linux nothing does."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGQUIT)
