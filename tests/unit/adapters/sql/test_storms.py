"""SIGKILL at every moment: of many writers at random, and of migrations before each statement."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from brewslm.adapters.sql.migrate import migrate
from brewslm.adapters.sql.schema import HEAD
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.bootstrap.ledger_copies import back_up
from brewslm.bootstrap.settings import Settings
from tests.fakes.ledger import NOW, event, fill
from tests.unit.adapters.sql.places import database_at, integrity, open_at

ROOT = Path(__file__).parents[4]
SEED = int(os.environ.get("BREWSLM_KILL_SEED", random.randrange(2**32)))


def storm(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.unit.adapters.sql.storm", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("num_kills", [30, pytest.param(400, marks=pytest.mark.long)])
def test_a_storm_of_kills_leaves_no_gap_and_loses_nothing_that_was_said(
    ledger: SqlStorage, place: str, num_kills: int
) -> None:
    print(f"BREWSLM_KILL_SEED={SEED}")
    fill(ledger, num_projects=2)
    outcome = storm("writers", place, str(num_kills), str(SEED))
    with ledger.reading() as connection:
        numbers = list(connection.exec_driver_sql("SELECT seq FROM run_events ORDER BY seq").scalars())
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) % 3 == 0, "a transaction is whole or absent"
    assert len(numbers) >= outcome["acknowledged"] > 0
    assert ledger.verify_events() == (len(numbers), ())
    assert integrity(ledger) == ["ok"]
    print(f"{outcome['kills']} kills, {len(numbers)} events")


@pytest.mark.parametrize("num_kills", [6, pytest.param(100, marks=pytest.mark.long)])
def test_a_restore_that_is_killed_leaves_the_old_ledger_or_the_new_one(
    ledger: SqlStorage, place: str, tmp_path: Path, num_kills: int
) -> None:
    print(f"BREWSLM_KILL_SEED={SEED}")
    url = place if place.startswith("postgresql:") else ""
    settings = Settings(home=tmp_path, database_url=url or None)
    fill(ledger)
    sizes = []
    for number in range(2):
        add_events(ledger, 200)
        sizes.append(back_up(settings, tmp_path / f"kept-{number}.db", is_replacing=False).contents.rows["run_events"])
    ledger.close()
    files = [str(tmp_path / f"kept-{number}.db") for number in range(2)]
    seen = storm("restores", str(tmp_path), url, *files, str(num_kills), str(SEED))["seen"]
    assert {(num_events, problems) for num_events, problems, _ in seen} <= {(size, 0) for size in sizes}
    print(f"{sum(was_killed for *_, was_killed in seen)} killed of {num_kills}")


def add_events(ledger: SqlStorage, number: int) -> None:
    with ledger.write() as transaction:
        for _ in range(number):
            transaction.events.append(event(), recorded_at=NOW)


@pytest.fixture
def old(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a ledger of the first version is, with rows that later migrations change."""
    place = str(tmp_path / "old.db") if request.param == "sqlite" else request.getfixturevalue("postgres").make()
    storage = SqlStorage(database_at(place))
    with storage.writing() as connection:
        migrate(connection, place, target="0001")
        connection.exec_driver_sql("INSERT INTO projects VALUES (1, 'p', 'general', 'm', 1, '2026-01-01 00:00:00')")
        connection.exec_driver_sql(
            "INSERT INTO jobs (id, project_id, kind, run_id, status, phase, payload, fraction, message, attempt,"
            " is_cancel_requested, created_at, version)"
            " VALUES (1, 1, 'train', 'train-1', 'queued', 'queued', '{}', 0, '', 0, '0', '2026-01-01 00:00:00', 0)"
        )
        for seq in (1, 2):
            body = json.dumps({"loss": seq / 2, "non_finite": {"grad_norm": "inf"} if seq == 2 else {}})
            row = {"seq": seq, "body": body}
            connection.execute(text("INSERT INTO metrics VALUES (1, :seq, 'log', :seq, :body)"), row)
    storage.close()
    return place


@pytest.mark.parametrize(
    ("old", "stride"),
    [("sqlite", 1), ("postgresql", 7), pytest.param("postgresql", 1, marks=pytest.mark.long)],
    indirect=["old"],
)
def test_a_migration_that_is_killed_before_any_statement_is_whole_or_absent(old: str, stride: int) -> None:
    *before, after = storm("migrations", old, HEAD, str(stride))["seen"]
    print(f"{len(before) - 1} kills")
    assert len(before) > 5
    assert {json.dumps(one) for one in before} == {json.dumps(before[0])}, "each left it as it was"
    assert (before[0][0], after[0]) == ("0001", HEAD)
    assert before[0][2] == after[2]
    upgraded = open_at(old)
    with upgraded.reading() as connection:
        series = connection.exec_driver_sql("SELECT id, seq, loss, is_non_finite FROM metrics ORDER BY id").fetchall()
    assert [tuple(row) for row in series] == [(1, 1, 0.5, 0), (2, 2, 1.0, 1)]
    upgraded.close()
