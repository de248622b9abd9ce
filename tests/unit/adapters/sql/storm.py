"""Processes that are killed at every moment; run as `python -m tests.unit.adapters.sql.storm`, and it prints what was.

Children are forked from one process that has loaded everything, so that hundreds of them cost little.
"""

import contextlib
import importlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event as listen

from brewslm.adapters.sql.migrate import MIGRATIONS, migrate, revision_of
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.bootstrap.ledger_copies import restoring
from brewslm.bootstrap.settings import Settings
from brewslm.core.ids import ProjectId
from tests.fakes.ledger import NOW, event
from tests.unit.adapters.sql.places import database_at, open_at

NUM_WRITERS = 4
_ALEMBIC = ("alembic.operations", "alembic.runtime.migration", "alembic.script")
_MADE = {
    "sqlite": "SELECT name, sql FROM sqlite_master ORDER BY name",
    "postgresql": (
        "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull"
        " FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND NOT attisdropped"
        " WHERE relnamespace = 'public'::regnamespace UNION ALL"
        " SELECT tgname, tgrelid::regclass::text, '', true FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    ),
}
"""What was made in either database, by one question."""
OWNERS = [None, ProjectId(1), ProjectId(2)]


def child(work: Callable[[], object]) -> int:
    """Fork a process that does `work`; its end is silent."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    finally:
        os._exit(0)


def append(place: str, tell: int) -> None:
    """Append three events in a transaction, each to another chain, and tell the last number after the commit."""
    storage = open_at(place)
    while True:
        with storage.write() as transaction:
            rows = [transaction.events.append(event(project_id=owner), recorded_at=NOW) for owner in OWNERS]
        os.write(tell, f"{rows[-1].seq}\n".encode())


def kill_writers(place: str, num_kills: int, seed: int) -> dict[str, int]:
    """Keep several writers going, and kill one of them after another at random moments."""
    chance = random.Random(seed)
    told, tell = os.pipe()

    def begin() -> int:
        return child(lambda: append(place, tell))

    writers, said = [begin() for _ in range(NUM_WRITERS)], b""
    for _ in range(num_kills):
        time.sleep(chance.expovariate(20))
        victim = writers.pop(chance.randrange(len(writers)))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        writers.append(begin())
        said += os.read(told, 1 << 16)
    for victim in writers:
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    os.set_blocking(told, False)
    with contextlib.suppress(BlockingIOError):
        while more := os.read(told, 1 << 16):
            said += more
    return {"kills": num_kills + NUM_WRITERS, "acknowledged": max(map(int, said.split()))}


def restore(home: str, url: str, file: str, kill_after: float | None = None) -> float:
    """Restore a backup; how many seconds it took. It may be killed so many seconds after the ledger is touched."""
    with restoring(Settings(home=Path(home), database_url=url or None), Path(file), is_replacing=True) as found:
        began = time.monotonic()
        if kill_after is not None:
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            signal.setitimer(signal.ITIMER_REAL, kill_after)
        found.carry_out()
        return time.monotonic() - began


def kill_restores(home: str, url: str, files: list[str], num_kills: int, seed: int) -> dict[str, Any]:
    """Restore one backup after the other, killed at a random moment each; how many events there were after each."""
    chance, place, seen = random.Random(seed), url or f"{home}/brewslm.db", []
    seconds = restore(home, url, files[0])
    for number in range(num_kills):
        file, moment = files[(number + 1) % len(files)], chance.uniform(0.001, seconds)
        pid = child(lambda file=file, moment=moment: restore(home, url, file, moment))
        _, status = os.waitpid(pid, 0)
        storage = open_at(place)
        num_events, problems = storage.verify_events()
        storage.close()
        seen.append([num_events, len(problems), os.WIFSIGNALED(status)])
    return {"seen": seen}


def upgrade_until(place: str, target: str, statement: int) -> None:
    """Migrate, and be killed before the statement of this number; the commit counts as one, too."""
    storage = SqlStorage(database_at(place))
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    listen.listen(storage._writer, "before_cursor_execute", count)
    listen.listen(storage._writer, "commit", count)
    with storage.writing() as connection:
        migrate(connection, place, migrations=MIGRATIONS, target=target)
    storage.close()


def kill_migrations(place: str, target: str, stride: int) -> dict[str, Any]:
    """Kill a migration before every nth of its statements, one after the other, until one comes through; what was then.

    A killed one must leave everything as it was, so that the next one finds the same beginning.
    """
    seen = [tables_of(place)]
    while True:
        number = 1 + stride * (len(seen) - 1)
        pid = child(lambda number=number: upgrade_until(place, target, number))
        _, status = os.waitpid(pid, 0)
        seen.append(tables_of(place))
        if os.WIFEXITED(status):
            return {"seen": seen}


def tables_of(place: str) -> list[Any]:
    """The revision, everything that was made, and the rows of progress."""
    storage = SqlStorage(database_at(place))
    with storage.reading() as connection:
        made = [list(row) for row in connection.exec_driver_sql(_MADE[connection.dialect.name])]
        progress = [list(row) for row in connection.exec_driver_sql("SELECT seq, body FROM metrics ORDER BY seq")]
        revision = revision_of(connection)
    storage.close()
    return [revision, made, progress]


if __name__ == "__main__":
    for module in (*_ALEMBIC, "psycopg", "sqlalchemy.dialects.postgresql.psycopg"):
        importlib.import_module(module)  # once, in place of in every child
    match sys.argv[1:]:
        case ["writers", path, number, seed]:
            print(json.dumps(kill_writers(path, int(number), int(seed))))
        case ["restores", home, url, one, other, number, seed]:
            print(json.dumps(kill_restores(home, url, [one, other], int(number), int(seed))))
        case ["migrations", path, target, stride]:
            print(json.dumps(kill_migrations(path, target, int(stride))))
