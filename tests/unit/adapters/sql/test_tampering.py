"""Whoever changes the audit spine by force is found, and the row is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brewslm.adapters.sql import verification
from brewslm.adapters.sql.sqlite.driver import load_driver
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.errors import WorkspaceError
from brewslm.core.events.base import NewEvent, event_hash
from brewslm.core.ids import ProjectId
from brewslm.core.ports.storage import ChainProblem
from tests.fakes.ledger import NOW, event, fill
from tests.unit.adapters.sql.raw import raw

NUM_EVENTS = 12
"""Events 1, 4, 7, 10 are the workspace's, 2, 5, 8, 11 the first project's, 3, 6, 9, 12 the second's."""


@pytest.fixture
def full(storage: SqlStorage) -> SqlStorage:
    fill(storage, num_projects=2, num_events=NUM_EVENTS)
    assert storage.verify_events() == (NUM_EVENTS, ())
    return storage


def named(storage: SqlStorage) -> list[int]:
    return [problem.seq for problem in storage.verify_events()[1]]


def hash_again(connection: Any, seq: int) -> str:
    """Give a row the hash that its content and its `prev_hash` now have, as a careful forger would."""
    cursor = connection.execute("SELECT * FROM run_events WHERE seq = ?", (seq,))
    row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    new = NewEvent.model_validate(
        {
            **{name: row[name] for name in NewEvent.model_fields},
            "payload": json.loads(row["payload"]),
            "occurred_at": verification._time(row["occurred_at"]),
        }
    )
    recorded_at = verification._time(row["recorded_at"])
    forged = event_hash(new, seq=seq, recorded_at=recorded_at, prev_hash=row["prev_hash"])
    connection.execute("UPDATE run_events SET hash = ? WHERE seq = ?", (forged, seq))
    return forged


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run_events SET summary = 'nothing to see' WHERE seq = 3",
        "UPDATE run_events SET actor = actor",
        "DELETE FROM run_events WHERE seq = 3",
        "DELETE FROM run_events",
        "INSERT OR REPLACE INTO run_events SELECT * FROM run_events WHERE seq = 3",
        "UPDATE OR IGNORE run_events SET seq = 99 WHERE seq = 3",
    ],
)
def test_the_database_itself_refuses_to_change_an_event(full: SqlStorage, database: Path, statement: str) -> None:
    with raw(database) as connection, pytest.raises(load_driver().IntegrityError, match="append-only"):
        connection.execute(statement)
    assert full.verify_events() == (NUM_EVENTS, ())


EDITS = {
    "project_id": "2",
    "run_id": "'import-9'",
    "parent_run_id": "'import-9'",
    "stage": "'export'",
    "severity": "'error'",
    "reason": "'export'",
    "actor": "'nobody'",
    "summary": "'Nothing happened'",
    "payload": """'{"n":2}'""",
    "occurred_at": "'2025-01-02 03:04:05.678901'",
    "recorded_at": "'2025-01-02 03:04:05.678901'",
    "prev_hash": "'" + "a" * 64 + "'",
    "hash": "'" + "a" * 64 + "'",
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edited_column_is_found(full: SqlStorage, database: Path, column: str) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute(f"UPDATE run_events SET {column} = {EDITS[column]} WHERE seq = 5")
    assert 5 in named(full)


def test_every_column_is_covered(database: Path) -> None:
    with raw(database) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(run_events)")}
    assert columns == {*EDITS, "seq"}


def test_only_the_edited_row_is_named(full: SqlStorage, database: Path) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("UPDATE run_events SET summary = 'x' WHERE seq = 5")
    (problem,) = full.verify_events()[1]
    assert (problem.seq, problem.project_id) == (5, ProjectId(1))
    assert "does not match its hash" in problem.problem


@pytest.mark.parametrize("seq", [1, 5, 10, 12])
def test_an_edited_row_that_was_hashed_again_is_found(full: SqlStorage, database: Path, seq: int) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("UPDATE run_events SET summary = 'x' WHERE seq = ?", (seq,))
        hash_again(connection, seq)
    assert named(full) == [seq]


@pytest.mark.parametrize(
    "change",
    [
        "payload = '{\"n\": 4}'",
        "payload = 'not json'",
        "payload = '{\"n\":NaN}'",
        "payload = NULL",
        "payload = 7",
        "payload = x'ff00'",
        "occurred_at = 'yesterday'",
        "recorded_at = 12",
        "severity = 'loud'",
        "reason = 'made_up'",
        "hash = x'ff'",
    ],
)
def test_rows_that_cannot_be_read_any_more_are_named(full: SqlStorage, database: Path, change: str) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'run_events' AND type = 'table'"
        )
    with raw(database) as connection:
        connection.execute(f"UPDATE run_events SET {change} WHERE seq = 5")
    assert 5 in named(full)


def test_a_list_that_meets_an_unreadable_row_says_so(full: SqlStorage, database: Path) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("UPDATE run_events SET payload = 'not json' WHERE seq = 5")
    with full.read() as transaction, pytest.raises(WorkspaceError, match=r"Event 5 .* audit verify"):
        transaction.events.list()


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ([1], [1]),
        ([6], [6]),
        ([6, 7], [6]),
        ([2, 5], [2, 5]),
        ([12], [12]),
        ([10, 11, 12], [10]),
        ([3, 6, 9, 12], [3, 6, 9, 12]),
        (list(range(1, 13)), [1]),
    ],
)
def test_removed_rows_are_named(full: SqlStorage, database: Path, gone: list[int], found: list[int]) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.executemany("DELETE FROM run_events WHERE seq = ?", [(seq,) for seq in gone])
    num_events, problems = full.verify_events()
    assert num_events == NUM_EVENTS - len(gone)
    assert [problem.seq for problem in problems] == found
    assert all("missing" in problem.problem for problem in problems)


def test_a_removed_row_is_said_to_be_of_its_project(full: SqlStorage, database: Path) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("DELETE FROM run_events WHERE seq IN (5, 12)")
    assert [(each.seq, each.project_id) for each in full.verify_events()[1]] == [(5, 1), (12, 2)]


def test_a_number_whose_row_was_removed_is_not_given_out_again(full: SqlStorage, database: Path) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("DELETE FROM run_events WHERE seq >= 11")
    with full.write() as transaction:
        assert transaction.events.append(event(project_id=ProjectId(2)), recorded_at=NOW).seq == 13
    assert named(full) == [11]


def test_a_row_that_was_added_at_the_end_is_named(full: SqlStorage, database: Path) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("CREATE TEMP TABLE forged AS SELECT * FROM run_events WHERE seq = 12")
        connection.execute("UPDATE forged SET seq = 13, prev_hash = hash")
        connection.execute("INSERT INTO run_events SELECT * FROM forged")
        hash_again(connection, 13)
    assert named(full) == [13]


def test_a_row_that_was_put_between_others_is_named(full: SqlStorage, database: Path) -> None:
    with raw(database, has_triggers=False) as connection:
        for seq in range(12, 5, -1):
            connection.execute("UPDATE run_events SET seq = seq + 1 WHERE seq = ?", (seq,))
        connection.execute("CREATE TEMP TABLE forged AS SELECT * FROM run_events WHERE seq = 5")
        connection.execute("UPDATE forged SET seq = 6, summary = 'forged', prev_hash = hash")
        connection.execute("INSERT INTO run_events SELECT * FROM forged")
        hash_again(connection, 6)
    found = named(full)
    assert set(range(6, 14)) & set(found)
    assert min(found) in {5, 6, 7}


@pytest.mark.parametrize(("one", "two"), [(2, 5), (4, 5), (1, 12), (11, 12)])
def test_rows_that_changed_places_are_both_named(full: SqlStorage, database: Path, one: int, two: int) -> None:
    with raw(database, has_triggers=False) as connection:
        for old, new in ((one, 99), (two, one), (99, two)):
            connection.execute("UPDATE run_events SET seq = ? WHERE seq = ?", (new, old))
    assert {one, two} <= set(named(full))


def test_a_chain_whose_head_was_forged_away_is_named(full: SqlStorage, database: Path) -> None:
    with raw(database) as connection:
        connection.execute("DELETE FROM chain_heads WHERE chain = 1")
    assert named(full) == [11]


def test_a_whole_chain_that_was_moved_to_another_project_is_named(full: SqlStorage, database: Path) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute(
            "INSERT INTO projects SELECT 3, 'c', template, base_model, seed, created_at FROM projects LIMIT 1"
        )
        connection.execute("UPDATE run_events SET project_id = 3 WHERE project_id = 1")
    assert {2, 5, 8, 11} <= set(named(full))


def test_chains_longer_than_a_page_are_checked_to_the_end(storage: SqlStorage, database: Path) -> None:
    num_events = 2 * verification.PAGE_ROWS + 7
    fill(storage, num_projects=1, num_events=num_events)
    assert storage.verify_events() == (num_events, ())
    edges = [verification.PAGE_ROWS, verification.PAGE_ROWS + 1, 2 * verification.PAGE_ROWS, num_events]
    with raw(database, has_triggers=False) as connection:
        connection.executemany("UPDATE run_events SET summary = 'x' WHERE seq = ?", [(seq,) for seq in edges])
        connection.execute("DELETE FROM run_events WHERE seq = 50")
    assert named(storage) == [50, *edges]


Step = tuple[Callable[[Any, int], None], int]


def edit(connection: Any, seq: int) -> None:
    connection.execute("UPDATE run_events SET summary = summary || '!' WHERE seq = ?", (seq,))


def remove(connection: Any, seq: int) -> None:
    connection.execute("DELETE FROM run_events WHERE seq = ?", (seq,))


def forge(connection: Any, seq: int) -> None:
    edit(connection, seq)
    if connection.execute("SELECT 1 FROM run_events WHERE seq = ?", (seq,)).fetchone():
        hash_again(connection, seq)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([edit, remove, forge]), st.integers(1, NUM_EVENTS)), min_size=1, max_size=4))
def test_any_mix_of_edits_and_removals_is_found(full: SqlStorage, database: Path, steps: list[Step]) -> None:
    with raw(database, has_triggers=False) as connection:
        connection.execute("BEGIN")
        for change, seq in steps:
            change(connection, seq)
        connection.execute("COMMIT")
        problems = full.verify_events()[1]
        restore(connection, full)
    removed = {seq for change, seq in steps if change is remove}
    assert problems
    assert {problem.seq for problem in problems if "missing" in problem.problem} <= removed
    covered = covered_by(problems)
    assert removed <= covered
    assert {seq for change, seq in steps if change is edit} - {
        seq for change, seq in steps if change is forge
    } <= covered | removed


def covered_by(problems: tuple[ChainProblem, ...]) -> set[int]:
    """The rows that the problems name, ranges of missing rows spelled out."""
    covered = set()
    for problem in problems:
        words = problem.problem.split()
        last = int(words[3]) if words[0] == "rows" else problem.seq
        covered |= set(range(problem.seq, last + 1))
    return covered


def restore(connection: Any, storage: SqlStorage) -> None:
    """Write the same events anew, so that the next example begins from a clean ledger."""
    connection.execute("DELETE FROM run_events")
    connection.execute("DELETE FROM chain_heads")
    owners = [None, ProjectId(1), ProjectId(2)]
    with storage.write() as transaction:
        for number in range(NUM_EVENTS):
            transaction.events.append(event(project_id=owners[number % 3], payload={"n": number}), recorded_at=NOW)
