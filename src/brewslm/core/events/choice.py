"""Which events are meant: what a reader of the record asks for."""

from datetime import datetime

from brewslm.core.events.reasons import EventStage, Reason, Severity
from brewslm.core.ids import ProjectId, RunId
from brewslm.core.value import Value


class EventChoice(Value):
    """What an event has to be; what is None or empty does not restrict."""

    project_id: ProjectId | None = None
    run_id: RunId | None = None
    severities: tuple[Severity, ...] = ()
    stages: tuple[EventStage, ...] = ()
    reasons: tuple[Reason, ...] = ()
    actor: str | None = None
    text: str | None = None
    """In the summary or in the payload, where ids of artifacts stand; A to Z in either case."""
    since: datetime | None = None
    """When it occurred: at this moment or after it."""
    until: datetime | None = None
    """When it occurred: before this moment."""


EVERY_EVENT = EventChoice()
