"""Processes that are killed at every moment; run as `python -m tests.unit.adapters.sql.storm`, and it prints what was.

Children are forked from one process that has loaded everything, so that hundreds of them cost little.
"""

import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event as listen

from brewslm.adapters.sql.migrate import MIGRATIONS, migrate
from brewslm.adapters.sql.storage import SqlStorage, open_storage
from brewslm.core.ids import ProjectId
from tests.fakes.ledger import NOW, event

NUM_WRITERS = 4
OWNERS = [None, ProjectId(1), ProjectId(2)]


def child(work: Callable[[], None]) -> int:
    """Fork a process that does `work`; its end is silent."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    finally:
        os._exit(0)


def append(database: Path, tell: int) -> None:
    """Append three events in a transaction, each to another chain, and tell the last number after the commit."""
    storage = open_storage(database)
    while True:
        with storage.write() as transaction:
            rows = [transaction.events.append(event(project_id=owner), recorded_at=NOW) for owner in OWNERS]
        os.write(tell, f"{rows[-1].seq}\n".encode())


def kill_writers(database: Path, num_kills: int, seed: int) -> dict[str, int]:
    """Keep several writers going, and kill one of them after another at random moments."""
    chance = random.Random(seed)
    told, tell = os.pipe()

    def begin() -> int:
        return child(lambda: append(database, tell))

    writers = [begin() for _ in range(NUM_WRITERS)]
    for _ in range(num_kills):
        time.sleep(chance.expovariate(20))
        victim = writers.pop(chance.randrange(len(writers)))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        writers.append(begin())
        acknowledged = os.read(told, 1 << 16)
    for victim in writers:
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    os.set_blocking(told, False)
    with contextlib.suppress(BlockingIOError):
        acknowledged += os.read(told, 1 << 16)
    return {"kills": num_kills + NUM_WRITERS, "acknowledged": max(map(int, acknowledged.split(b"\n")[1:-1]))}


def upgrade_until(database: Path, target: str, statement: int) -> None:
    """Migrate, and be killed before the statement of this number; the commit counts as one, too."""
    storage = SqlStorage(database)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    listen.listen(storage._writer, "before_cursor_execute", count)
    listen.listen(storage._writer, "commit", count)
    with storage.writing() as connection:
        migrate(connection, database, migrations=MIGRATIONS, target=target)
    storage.close()


def kill_migrations(source: Path, target: str) -> dict[str, int]:
    """Kill a migration of a copy of `source` before each of its statements, until one comes through."""
    statement = 0
    while True:
        statement += 1
        copy = source.with_name(f"{source.stem}-{statement}.db")
        copy.write_bytes(source.read_bytes())
        pid = child(lambda copy=copy, number=statement: upgrade_until(copy, target, number))
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status):
            return {"statements": statement - 1}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["writers", path, number, seed]:
            print(json.dumps(kill_writers(Path(path), int(number), int(seed))))
        case ["migrations", path, target]:
            print(json.dumps(kill_migrations(Path(path), target)))
