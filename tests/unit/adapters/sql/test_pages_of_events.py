"""Pages of the record: what a plain filter finds, and along an index however long the record is."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from benchmarks.lives import live
from brewslm.adapters.sql.history import SqlHistory
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.events.base import RunEvent
from brewslm.core.events.choice import EventChoice
from brewslm.core.events.reasons import EventStage, Severity
from brewslm.core.ids import JobId, ProjectId
from brewslm.services.audit.timeline import Timelines
from tests.fakes.choosing import is_chosen
from tests.fakes.ledger import fill

ONE, TWO = ProjectId(1), ProjectId(2)
SEVERITIES: tuple[tuple[Severity, ...], ...] = ((), ("error",), ("critical",), ("warning", "error", "critical"))
STAGES: tuple[tuple[EventStage, ...], ...] = ((), ("training",), ("ingestion", "autopilot"), ("gate",))


def test_newest_events_are_what_a_plain_filter_finds(ledger: SqlStorage) -> None:
    fill(ledger, num_projects=2)
    live(ledger, (ONE, TWO), num_runs=12, num_events=300, seed=4)
    with ledger.read() as transaction:
        every = transaction.events.list(limit=10_000)
        middle = every[len(every) // 2]
        others: tuple[dict[str, Any], ...] = (
            {},
            {"text": "OUT of"},
            {"run_id": middle.run_id},
            {"since": middle.occurred_at},
            {"reasons": (middle.reason,), "until": middle.occurred_at},
        )
        for project, severities, stages, other in itertools.product((None, ONE, TWO), SEVERITIES, STAGES, others):
            choice = EventChoice(project_id=project, severities=severities, stages=stages, **other)
            wanted = [one for one in every if is_chosen(one, choice)]
            found: list[RunEvent] = []
            while page := transaction.events.newest(choice, before_seq=found[0].seq if found else None, limit=40):
                found = [*page, *found]
            assert found == wanted, choice
            assert list(transaction.events.following(choice, after_seq=0)) == wanted, choice
    assert {one.severity for one in every} == {"info", "warning", "error"}


@contextmanager
def asked(storage: SqlStorage) -> Iterator[list[tuple[str, Sequence[Any]]]]:
    """Every question that is put to the database meanwhile."""
    found: list[tuple[str, Sequence[Any]]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            found.append((statement, parameters))

    event.listen(storage._reader, "before_cursor_execute", note)
    yield found
    event.remove(storage._reader, "before_cursor_execute", note)


def plans(storage: SqlStorage, questions: Sequence[tuple[str, Sequence[Any]]]) -> list[str]:
    """How SQLite answers: a line for each table or index, and each sorting."""
    with storage.reading() as connection:
        rows = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", tuple(put)) for text, put in questions]
        return [line[3] for row in rows for line in row]


def test_counts_of_the_timeline_are_taken_from_an_index_alone(storage: SqlStorage) -> None:
    fill(storage)
    live(storage, (ONE,), num_runs=2, num_events=60)
    with asked(storage) as questions:
        assert Timelines(SqlHistory(storage)).page(EventChoice(project_id=ONE), before_id=JobId(100)).runs
    counting = [one for one in questions if "count(" in one[0]]
    index = "ix_run_events_run_id_reason_severity_occurred_at"
    assert plans(storage, counting) == [f"SEARCH run_events USING COVERING INDEX {index} (run_id=?)"]
    of_jobs = [one for one in questions if "FROM jobs" in one[0]]
    assert not [line for line in plans(storage, of_jobs) if line.startswith("SCAN")]


def test_the_newest_of_a_severity_are_found_without_a_walk_over_the_others(storage: SqlStorage) -> None:
    fill(storage)
    with asked(storage) as questions, storage.read() as transaction:
        transaction.events.newest(EventChoice(project_id=ONE, severities=("error", "critical")), before_seq=9)
        transaction.events.newest(EventChoice(project_id=ONE, stages=("training",)), before_seq=9)
    found = [line for line in plans(storage, questions) if "run_events" in line]
    index = "ix_run_events_project_id_severity_seq_stage"
    assert found == [f"SEARCH run_events USING INDEX {index} (project_id=? AND severity=? AND seq<?)"] * 6
