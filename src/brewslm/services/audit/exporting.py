"""Events as lines of a file, read page by page, so that memory does not grow with their number."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Literal

from brewslm.core.events.base import RunEvent
from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.services.jobs.queue import Jobs

EventFormat = Literal["jsonl", "csv"]

_PAGE = 1000
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet computes a cell that begins so."""


def exported_events(jobs: Jobs, choice: EventChoice = EVERY_EVENT, *, form: EventFormat) -> Iterator[str]:
    """Yield the lines of a file with every event of a choice, by number.

    JSONL holds each event as it is in its chain. In CSV the payload is JSON in a cell, and a text that a spreadsheet
    would compute stands behind an apostrophe.
    """
    if form == "csv":
        yield _record(tuple(RunEvent.model_fields))
    after_seq = 0
    while page := jobs.following_events(choice, after_seq=after_seq, limit=_PAGE):
        for event in page:
            row = event.model_dump(mode="json")
            if form == "jsonl":
                yield json.dumps(row, ensure_ascii=False) + "\n"
            else:
                payload = json.dumps(row["payload"], ensure_ascii=False)
                yield _record(tuple(_cell(value) for value in {**row, "payload": payload}.values()))
        after_seq = page[-1].seq


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _record(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
