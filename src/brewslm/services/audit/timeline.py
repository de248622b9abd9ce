"""The timeline: runs within runs, and the recoveries of trainings, each with its time and what its events say."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from brewslm.core.errors import NotFoundError
from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.core.events.reasons import Reason, Severity
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.job import JobKind, JobStatus
from brewslm.core.ports.reading.history import Families, FamilyQuery, History, Member, Tally, Turn
from brewslm.core.value import Value
from brewslm.services.projects import activations_of

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
"""From the mildest."""
_TROUBLES = frozenset(
    {Reason.TRAINING_WORKER_LOST, Reason.TRAINING_RECOVERY_STARTED, Reason.TRAINING_RECOVERY_PROPOSED}
)
_TURNS = _TROUBLES | {Reason.TRAINING_RECOVERED}


class Recovery(Value):
    """A trouble of a training, and what came of it."""

    seq: int
    """Of the event that told the trouble."""
    cause: str
    """What had happened; one line."""
    action: str | None = None
    """What was done about it; None where nothing is known of it yet."""
    started_at: datetime
    ended_at: datetime | None = None
    """When a new attempt took over; None where none did."""


class RunNode(Value):
    """A run with its steps. Counts, severity and recoveries are those of its events."""

    run_id: RunId
    job_id: JobId | None
    """None where it is no job's: what happens to a project besides work, and to the workspace."""
    kind: JobKind | None
    status: JobStatus | None
    reason: Reason | None = None
    """Why it failed or was cancelled."""
    error: str | None = None
    started_at: datetime | None
    ended_at: datetime | None
    """None while it goes on."""
    duration_seconds: float | None
    num_events: dict[Severity, int]
    """By severity, with those of its steps; severities without events are left out."""
    severity: Severity | None
    """The highest among its events and those of its steps; None where there are none."""
    recoveries: tuple[Recovery, ...] = ()
    steps: tuple["RunNode", ...] = ()


class TimelinePage(Value):
    """Runs, the newest first; their steps in the order in which they began."""

    runs: tuple[RunNode, ...]
    others: tuple[RunNode, ...]
    """Of the first page of all runs: what happened to the project (or the workspace) besides work."""
    next_before: JobId | None
    """Ask with this for the page after; None at the end."""


class Timelines:
    """Reads; changes nothing."""

    def __init__(self, history: History) -> None:
        """Bind it."""
        self._history = history

    def page(
        self, choice: EventChoice = EVERY_EVENT, *, before_id: JobId | None = None, limit: int = 20
    ) -> TimelinePage:
        """Runs of one project, or of all; where more is chosen, those with such an event, be it of a step.

        Their counts are of all of their events. Without a choice, a page costs by what it shows.
        """
        project_id = choice.project_id
        is_chosen = choice != EventChoice(project_id=project_id)
        others = () if is_chosen or before_id is not None else _others_of(project_id)
        # One more than is shown tells whether there is a page after.
        query = FamilyQuery(
            project_id=project_id,
            before_id=before_id,
            limit=limit + 1,
            others=others,
            choice=choice if is_chosen else EVERY_EVENT,
            turns=_TURNS,
        )
        found = self._history.families(query)
        nodes = _nodes(found, found.roots[:limit])
        has_more = len(found.roots) > limit
        return TimelinePage(
            runs=nodes,
            others=_other_nodes(others, found.tallies),
            next_before=found.roots[limit - 1].id if has_more else None,
        )

    def of_job(self, job_id: JobId) -> RunNode:
        """One job with its steps.

        Raises:
            NotFoundError: there is no such job.
        """
        found = self._history.families(FamilyQuery(job_id=job_id, turns=_TURNS))
        if not found.roots:
            raise NotFoundError(f"there is no job {job_id}; `brewslm jobs list` shows those there are")
        return _nodes(found, found.roots)[0]


def _others_of(project_id: ProjectId | None) -> tuple[RunId, ...]:
    if project_id is None:
        return (RunId("system"), RunId("alerts"))
    return (RunId(f"project-{project_id}"), activations_of(project_id))


def _nodes(found: Families, roots: Iterable[Member]) -> tuple[RunNode, ...]:
    tallies: dict[RunId, list[Tally]] = defaultdict(list)
    for tally in found.tallies:
        tallies[tally.run_id].append(tally)
    turns: dict[RunId, list[Turn]] = defaultdict(list)
    for turn in found.turns:
        turns[turn.run_id].append(turn)
    steps: dict[JobId, list[Member]] = defaultdict(list)
    for step in found.steps:
        if step.parent_id is not None:
            steps[step.parent_id].append(step)

    def node_of(job: Member) -> RunNode:
        below = tuple(node_of(step) for step in steps[job.id])
        num_events = _counts(tallies[job.run_id], (step.num_events for step in below))
        starts = [tally.first_at for tally in tallies[job.run_id]]
        started_at = job.started_at or min(starts, default=None)
        return RunNode(
            run_id=job.run_id,
            job_id=job.id,
            kind=job.kind,
            status=job.status,
            reason=job.reason,
            error=job.error,
            started_at=started_at,
            ended_at=job.finished_at,
            duration_seconds=_seconds(started_at, job.finished_at),
            num_events=num_events,
            severity=_highest(num_events),
            recoveries=recoveries_of(turns[job.run_id]),
            steps=below,
        )

    return tuple(node_of(job) for job in roots)


def _other_nodes(runs: Iterable[RunId], tallies: Iterable[Tally]) -> tuple[RunNode, ...]:
    nodes = []
    for run_id in runs:
        own = [tally for tally in tallies if tally.run_id == run_id]
        if own:
            started_at, ended_at = min(tally.first_at for tally in own), max(tally.last_at for tally in own)
            num_events = _counts(own)
            nodes.append(
                RunNode(
                    run_id=run_id,
                    job_id=None,
                    kind=None,
                    status=None,
                    started_at=started_at,
                    ended_at=ended_at,
                    duration_seconds=_seconds(started_at, ended_at),
                    num_events=num_events,
                    severity=_highest(num_events),
                )
            )
    return tuple(nodes)


def recoveries_of(turns: Iterable[Turn]) -> tuple[Recovery, ...]:
    """Pair the troubles of one training with the attempts that took over, in the order of their numbers.

    A lost process is told before what is done about it, and a proposal before it is carried out: each is one trouble.
    """
    found: list[Recovery] = []
    for turn in turns:
        is_open = bool(found) and found[-1].ended_at is None
        told = json.loads(turn.payload)
        if turn.reason == Reason.TRAINING_RECOVERED:
            if is_open:
                known = found[-1]
                action = known.action or told.get("action")
                found[-1] = known.model_copy(update={"ended_at": turn.occurred_at, "action": action})
            else:
                found.append(
                    Recovery(
                        seq=turn.seq,
                        cause=turn.summary,
                        action=told.get("action"),
                        started_at=turn.occurred_at,
                        ended_at=turn.occurred_at,
                    )
                )
        elif is_open:
            found[-1] = found[-1].model_copy(update={"action": told.get("action") or found[-1].action})
        else:
            cause = told.get("cause") or turn.summary
            found.append(Recovery(seq=turn.seq, cause=cause, action=told.get("action"), started_at=turn.occurred_at))
    return tuple(found)


def _counts(tallies: Iterable[Tally], steps: Iterable[Mapping[Severity, int]] = ()) -> dict[Severity, int]:
    sums: Counter[Severity] = Counter()
    for tally in tallies:
        sums[tally.severity] += tally.num_events
    for step in steps:
        sums.update(step)
    return {severity: sums[severity] for severity in SEVERITIES if sums[severity]}


def _highest(num_events: Mapping[Severity, int]) -> Severity | None:
    return max(num_events, key=SEVERITIES.index, default=None)


def _seconds(started_at: datetime | None, ended_at: datetime | None) -> float | None:
    if started_at is None or ended_at is None:
        return None
    return (ended_at - started_at).total_seconds()
