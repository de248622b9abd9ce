"""A choice of events in SQL."""

from collections.abc import Iterator

from sqlalchemy import Column, ColumnElement, Connection, or_

from brewslm.adapters.sql.schema import run_events
from brewslm.core.events.choice import EventChoice
from brewslm.core.value import canonical_json


def wanted(choice: EventChoice, connection: Connection) -> Iterator[ColumnElement[bool]]:
    """What an event has to be."""
    columns = run_events.c
    if choice.project_id is not None:
        yield columns.project_id == choice.project_id
    if choice.run_id is not None:
        yield columns.run_id == choice.run_id
    if choice.severities:
        yield columns.severity.in_(choice.severities)
    if choice.stages:
        yield columns.stage.in_(choice.stages)
    if choice.reasons:
        yield columns.reason.in_([reason.value for reason in choice.reasons])
    if choice.actor is not None:
        yield columns.actor == choice.actor
    if choice.since is not None:
        yield columns.occurred_at >= choice.since
    if choice.until is not None:
        yield columns.occurred_at < choice.until
    if choice.text is not None:
        in_payload = canonical_json(choice.text)[1:-1]
        yield or_(_holds(columns.summary, choice.text, connection), _holds(columns.payload, in_payload, connection))


def _holds(column: Column[str], text: str, connection: Connection) -> ColumnElement[bool]:
    """Whether a text is in another one; SQLite's LIKE takes A to Z in either case as it is."""
    if connection.dialect.name == "sqlite":
        return column.contains(text, autoescape=True)
    return column.icontains(text, autoescape=True)
