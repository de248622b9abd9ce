"""A choice of events, by looking at one field after another."""

from collections.abc import Iterator
from typing import Any, get_args

from brewslm.core.events.base import RunEvent
from brewslm.core.events.choice import EventChoice
from brewslm.core.events.reasons import EventStage, Reason, Severity


def is_chosen(event: RunEvent, choice: EventChoice) -> bool:
    """Whether an event is one of a choice."""
    text = None if choice.text is None else choice.text.lower()
    return (
        choice.project_id in (None, event.project_id)
        and choice.run_id in (None, event.run_id)
        and event.severity in (choice.severities or get_args(Severity))
        and event.stage in (choice.stages or get_args(EventStage))
        and event.reason in (choice.reasons or Reason)
        and choice.actor in (None, event.actor)
        and (choice.since is None or event.occurred_at >= choice.since)
        and (choice.until is None or event.occurred_at < choice.until)
        and (text is None or text in event.summary.lower() or any(text in one.lower() for one in _texts(event.payload)))
    )


def _texts(value: Any) -> Iterator[str]:
    """Every key and text of a payload."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)
