"""SIGKILL at every moment: of many writers at random, and of migrations before each statement."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from brewslm.adapters.sql.migrate import migrate, revision_of
from brewslm.adapters.sql.schema import HEAD
from brewslm.adapters.sql.storage import SqlStorage, open_storage
from tests.fakes.ledger import fill
from tests.unit.adapters.sql.raw import raw

ROOT = Path(__file__).parents[4]
SEED = int(os.environ.get("BREWSLM_KILL_SEED", random.randrange(2**32)))


def storm(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.unit.adapters.sql.storm", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("num_kills", [30, pytest.param(400, marks=pytest.mark.long)])
def test_a_storm_of_kills_leaves_no_gap_and_loses_nothing_that_was_said(database: Path, num_kills: int) -> None:
    print(f"BREWSLM_KILL_SEED={SEED}")
    storage = open_storage(database)
    fill(storage, num_projects=2)
    outcome = storm("writers", str(database), str(num_kills), str(SEED))
    with storage.reading() as connection:
        numbers = list(connection.exec_driver_sql("SELECT seq FROM run_events ORDER BY seq").scalars())
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) % 3 == 0, "a transaction is whole or absent"
    assert len(numbers) >= outcome["acknowledged"] > 0
    assert storage.verify_events() == (len(numbers), ())
    with raw(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    print(f"{outcome['kills']} kills, {len(numbers)} events")
    storage.close()


def tables_of(database: Path) -> tuple[str | None, dict[str, list[str]]]:
    storage = SqlStorage(database)
    with storage.reading() as connection:
        found = inspect(connection)
        tables = {
            name: sorted(column["name"] for column in found.get_columns(name)) for name in found.get_table_names()
        }
        tables["indexes"] = sorted(
            str(index["name"]) for name in found.get_table_names() for index in found.get_indexes(name)
        )
        revision = revision_of(connection)
    storage.close()
    return revision, tables


def test_a_migration_that_is_killed_before_any_statement_is_whole_or_absent(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    storage = SqlStorage(old)
    with storage.writing() as connection:
        migrate(connection, old, target="0001")
        connection.exec_driver_sql("INSERT INTO projects VALUES (1, 'p', 'general', 'm', 1, '2026-01-01 00:00:00')")
        connection.exec_driver_sql(
            "INSERT INTO jobs (id, project_id, kind, run_id, status, phase, payload, fraction, message, attempt,"
            " is_cancel_requested, created_at, version)"
            " VALUES (1, 1, 'train', 'train-1', 'queued', 'queued', '{}', 0, '', 0, 0, '2026-01-01 00:00:00', 0)"
        )
        for seq in (1, 2):
            body = json.dumps({"loss": seq / 2, "non_finite": {"grad_norm": "inf"} if seq == 2 else {}})
            connection.exec_driver_sql("INSERT INTO metrics VALUES (1, ?, 'log', ?, ?)", (seq, seq, body))
    storage.close()
    before = tables_of(old)
    num_statements = storm("migrations", str(old), HEAD)["statements"]
    assert num_statements > 5
    after = tables_of(old.with_name(f"old-{num_statements + 1}.db"))
    assert before[0] == "0001"
    assert after[0] == HEAD
    for number in range(1, num_statements + 1):
        copy = old.with_name(f"old-{number}.db")
        assert tables_of(copy) in (before, after), number
        if number % 6:
            continue
        upgraded = open_storage(copy)
        with upgraded.reading() as connection:
            series = connection.exec_driver_sql("SELECT seq, loss, is_non_finite FROM metrics ORDER BY id").fetchall()
        assert [tuple(row) for row in series] == [(1, 0.5, 0), (2, 1.0, 1)]
        upgraded.close()
