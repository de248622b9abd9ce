"""Failures by their cause: the same project, stage, reason and signature are one cluster."""

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from brewslm.core.errors import WorkspaceError
from brewslm.core.events.reasons import TAXONOMY, EventStage, Reason, Severity
from brewslm.core.ids import ProjectId, RunId
from brewslm.core.ports.reading.history import History, OutcomeRow
from brewslm.core.value import Value, sha256_of
from brewslm.services.audit.signature import signature_of

NUM_EXAMPLES = 3
ClusterState = Literal["open", "resolved", "reopened"]


class FailureExample(Value):
    """One failure as it was told."""

    seq: int
    """Of the event."""
    run_id: RunId
    message: str
    occurred_at: datetime


class FailureCluster(Value):
    """Failures of one cause."""

    id: str
    """Twelve hex digits of the hash of project, stage, reason and signature: the same wherever it is computed."""
    project_id: ProjectId | None
    """None where the workspace is meant."""
    stage: EventStage
    reason: Reason
    severity: Severity
    """The highest."""
    state: ClusterState
    """`resolved`: the stage has succeeded in this project since; `reopened`: it has, and then failed so again."""
    signature: str
    """The message with ids, paths, times and numbers masked."""
    num_failures: int
    num_runs: int
    first_seen_at: datetime
    last_seen_at: datetime
    last_seq: int
    """The number of the last failure; pages go on before it."""
    examples: tuple[FailureExample, ...]
    """The first and the last ones, at most three, by number."""
    meaning: str
    next_step: str


class ClusterPage(Value):
    """Clusters, the one that failed last first."""

    clusters: tuple[FailureCluster, ...]
    num_clusters: int
    """Of all pages."""
    num_failures: int
    next_before: int | None
    """Ask with this for the page after; None at the end."""


class _Key(NamedTuple):
    project_id: ProjectId | None
    stage: str
    reason: Reason
    signature: str


@dataclass(slots=True)
class _Tally:
    """What is known of a cluster; it does not grow with its failures, but for the names of runs."""

    first: FailureExample
    last: list[FailureExample]
    severity: Severity
    count: int = 0
    is_again: bool = False
    """Whether the stage had succeeded between two of them."""
    runs: set[RunId] = field(default_factory=set)


class FailureClusters:
    """Knows every failure of the ledger by its cluster, and reads only what is new since it was asked last."""

    def __init__(self, history: History) -> None:
        """Bind it."""
        self._history = history
        self._lock = threading.Lock()
        self._known: dict[_Key, _Tally] = {}
        self._successes: dict[tuple[ProjectId | None, str], int] = {}
        """The number of the last success of a stage, by project and stage."""
        self._seq = 0

    def page(
        self, *, project_id: ProjectId | None = None, before_seq: int | None = None, limit: int = 20
    ) -> ClusterPage:
        """Clusters of one project, or of all."""
        with self._lock:
            self._catch_up()
            found = [(key, one) for key, one in self._known.items() if project_id in (None, key.project_id)]
            found.sort(key=lambda pair: pair[1].last[-1].seq, reverse=True)
            rest = [pair for pair in found if before_seq is None or pair[1].last[-1].seq < before_seq]
            clusters = tuple(
                _cluster(key, one, self._successes.get((key.project_id, key.stage), 0)) for key, one in rest[:limit]
            )
        return ClusterPage(
            clusters=clusters,
            num_clusters=len(found),
            num_failures=sum(one.count for _, one in found),
            next_before=clusters[-1].last_seq if len(rest) > limit else None,
        )

    def _catch_up(self) -> None:
        newest = self._history.newest_seq()
        if newest < self._seq:  # the ledger is another one than before
            self._known, self._successes, self._seq = {}, {}, 0
        if newest > self._seq:
            for row in self._history.outcomes(after_seq=self._seq, until_seq=newest):
                try:
                    self._add(row)
                except (ValueError, TypeError, AttributeError, KeyError) as error:
                    message = f"Event {row.seq} was changed and cannot be read; run `brewslm audit verify`."
                    raise WorkspaceError(message) from error
                self._seq = row.seq
            self._seq = newest

    def _add(self, row: OutcomeRow) -> None:
        reason = Reason(row.reason)
        if row.is_success:
            self._successes[row.project_id, row.stage] = row.seq
            return
        message, signature = told(row)
        key = _Key(row.project_id, row.stage, reason, signature)
        example = FailureExample(seq=row.seq, run_id=row.run_id, message=message, occurred_at=row.occurred_at)
        known = self._known.setdefault(key, _Tally(first=example, last=[], severity=row.severity))
        success = self._successes.get((row.project_id, row.stage), 0)
        known.is_again = known.is_again or (known.count > 0 and success > known.last[-1].seq)
        known.count += 1
        known.runs.add(row.run_id)
        known.last = [*known.last, example][1 - NUM_EXAMPLES :]
        if row.severity == "critical":
            known.severity = row.severity


def told(row: OutcomeRow) -> tuple[str, str]:
    """The line that the user saw, and the signature of the failure: that of the line, and which checks blocked."""
    payload = json.loads(row.payload)
    message = payload.get("error") or row.summary
    findings = payload.get("findings") or ()
    blocking = sorted({str(one["check"]) for one in findings if one.get("level") == "block"})
    signature = signature_of(message)
    return message, f"{signature} [{', '.join(blocking)}]" if blocking else signature


def _cluster(key: _Key, tally: _Tally, last_success: int) -> FailureCluster:
    facts = TAXONOMY[key.reason]
    state: ClusterState = "reopened" if tally.is_again else "open"
    examples = {example.seq: example for example in (tally.first, *tally.last)}
    return FailureCluster(
        id=sha256_of(list(key))[:12],
        project_id=key.project_id,
        stage=facts.stage,
        reason=key.reason,
        severity=tally.severity,
        state="resolved" if last_success > tally.last[-1].seq else state,
        signature=key.signature,
        num_failures=tally.count,
        num_runs=len(tally.runs),
        first_seen_at=tally.first.occurred_at,
        last_seen_at=tally.last[-1].occurred_at,
        last_seq=tally.last[-1].seq,
        examples=tuple(examples.values()),
        meaning=facts.meaning,
        next_step=facts.next_step,
    )
