"""What a choice of events finds, in every storage."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from brewslm.core.events.choice import EventChoice
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import RunId
from brewslm.core.ports.storage import Storage
from tests.fakes.ledger import NOW, event

EAST = timezone(timedelta(hours=5, minutes=30))


def test_the_newest_events_are_chosen_by_severity_and_stage(storage: Storage) -> None:
    with storage.write() as transaction:
        for severity, stage in (("info", "training"), ("error", "training"), ("error", "export")):
            chosen = event().model_copy(update={"severity": severity, "stage": stage})
            transaction.events.append(chosen, recorded_at=NOW)
    with storage.read() as transaction:
        events = transaction.events
        assert [row.seq for row in events.newest(EventChoice(severities=("error", "critical")))] == [2, 3]
        assert [row.seq for row in events.newest(EventChoice(severities=("error",), stages=("training",)))] == [2]


TEXTS = ("Read 100% of a_b.jsonl", "read 100 of axb", 'Größe of \\ and "quoted"\nlines', "snapshot-0123456789abcdef")


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"text": "READ 100"}, [1, 2, 5, 6]),
        ({"text": "100%"}, [1, 5]),
        ({"text": "a_b"}, [1, 5]),
        ({"text": "Größe"}, [3, 7]),
        ({"text": '\\ and "quoted"\nlines'}, [3, 7]),
        ({"text": "/"}, []),
        ({"text": "0123456789ABCDEF"}, [4, 8]),
        ({"actor": "cli"}, [2, 4, 6, 8]),
        ({"reasons": (Reason.INGESTION_EMPTY,)}, [3, 6]),
        ({"reasons": (Reason.INGESTION_EMPTY, Reason.EXPORT)}, [1, 3, 4, 6]),
        ({"since": NOW + timedelta(minutes=3)}, [4, 5, 6, 7, 8]),
        ({"until": NOW + timedelta(minutes=3)}, [1, 2, 3]),
        ({"since": (NOW + timedelta(minutes=3)).astimezone(EAST), "until": NOW + timedelta(minutes=4)}, [4]),
        ({"run_id": RunId("run-1"), "text": "read"}, [2, 5]),
        ({"actor": "cli", "text": "axb", "until": NOW + timedelta(minutes=2)}, [2]),
    ],
)
def test_events_are_searched_by_what_they_say_when_and_by_whom(
    storage: Storage, choice: dict[str, Any], found: list[int]
) -> None:
    reasons = (Reason.EXPORT, Reason.PROJECT_CREATED, Reason.INGESTION_EMPTY)
    with storage.write() as transaction:
        for number in range(8):
            said = TEXTS[number % 4]
            fields = {"summary": said} if number < 4 else {"payload": {"at": [{"said": said, "n": 3}]}}
            one = event(run_id=RunId(f"run-{number % 3}"), occurred_at=NOW + timedelta(minutes=number), **fields)
            chosen = {"reason": reasons[number % 3] if number < 6 else reasons[1], "actor": ("api", "cli")[number % 2]}
            transaction.events.append(one.model_copy(update=chosen), recorded_at=NOW)
    with storage.read() as transaction:
        newest = transaction.events.newest(EventChoice(**choice), before_seq=8, limit=2)
        following = transaction.events.following(EventChoice(**choice), after_seq=0)
    assert [row.seq for row in newest] == [seq for seq in found if seq < 8][-2:]
    assert [row.seq for row in following] == found
