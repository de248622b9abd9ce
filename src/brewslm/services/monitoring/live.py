"""The judge beside a running training: what it remembers is stored in the transaction that takes the journal in."""

import logging
from collections.abc import Sequence

from pydantic import ValidationError

from brewslm.core.events.base import Draft
from brewslm.core.events.monitoring import MonitoringAlert, WatchPassed
from brewslm.core.events.reasons import Reason
from brewslm.core.health.journal import Cadence, observation_of
from brewslm.core.health.monitor import Monitor
from brewslm.core.health.report import Alert, Verdict
from brewslm.core.health.thresholds import Thresholds
from brewslm.core.health.watch import WatchCheck
from brewslm.core.ids import JobId
from brewslm.core.ports.storage import Transaction
from brewslm.core.wire.progress import RECORD, Record

log = logging.getLogger(__name__)

ACTOR = "monitor"


class LiveMonitor:
    """Judges one training. A server that is started anew goes on where the last one stopped: no alert comes twice."""

    def __init__(self, job_id: JobId, thresholds: Thresholds, cadence: Cadence) -> None:
        """Judge this job by these thresholds."""
        self._job_id, self._limits, self._cadence = job_id, thresholds, cadence

    def take(self, transaction: Transaction, records: Sequence[Record], *, first_attempt: int = 1) -> list[Draft]:
        """Judge records that the same transaction takes in, and return what is to be told.

        Of attempts before `first_attempt` all was told by the job that this one retries.
        """
        if not records:
            return []
        monitor = self._stored(transaction, before_seq=records[0].seq)
        drafts: list[Draft] = []
        for record in records:
            was_watching = monitor.watch == "watching"
            alerts = monitor.feed(observation_of(record, self._cadence))
            drafts += [alert_draft(self._job_id, alert) for alert in alerts if record.attempt >= first_attempt]
            transaction.monitors.add_checks(self._job_id, monitor.checks)
            if was_watching and monitor.watch == "passed" and record.attempt >= first_attempt:
                drafts.append(self._passed(monitor.checks))
        transaction.monitors.keep(self._job_id, "monitor", monitor.state())
        return drafts

    def verdict(self, transaction: Transaction) -> Verdict:
        """Say how the training is by what was taken in."""
        return self._stored(transaction, before_seq=None).verdict()

    def _stored(self, transaction: Transaction, *, before_seq: int | None) -> Monitor:
        """Return the monitor as it was; one that another version stored is made again from the records."""
        state = transaction.monitors.state(self._job_id, "monitor")
        if state is not None:
            try:
                return Monitor(self._limits, state=state)
            except ValidationError:
                log.warning("the monitor of job %s is of another version; its records are judged again", self._job_id)
        monitor = Monitor(self._limits)
        after = 0
        while rows := transaction.metrics.list(self._job_id, after_seq=after):
            for row in rows:
                if before_seq is None or row.seq < before_seq:
                    monitor.feed(observation_of(RECORD.validate_python(row.body), self._cadence))
            after = rows[-1].seq
        return monitor

    def _passed(self, checks: tuple[WatchCheck, ...]) -> Draft:
        step = checks[0].step if checks else 0
        return Draft(
            reason=Reason.MONITORING_WATCH_PASSED,
            summary=f"The first {step} steps were watched, and nothing was the matter; the patrol takes over",
            payload=WatchPassed(job_id=self._job_id, num_steps=step, checks=checks),
        )


def alert_draft(job_id: JobId, alert: Alert) -> Draft:
    """Return the event of an alert."""
    finding = alert.finding
    if alert.event == "resolved":
        step = "" if finding.recovery_step is None else f" at step {finding.recovery_step}"
        since = "" if finding.onset_step is None else f", which began at step {finding.onset_step}"
        return Draft(
            reason=Reason.MONITORING_ALERT_RESOLVED,
            summary=f"{finding.detector} was over{step}{since}",
            payload=MonitoringAlert(job_id=job_id, event=alert.event, finding=finding),
        )
    step = "" if finding.step is None else f" at step {finding.step}"
    got = " became" if alert.event == "escalated" else ""
    return Draft(
        reason=Reason.MONITORING_ALERT,
        summary=f"{finding.detector}{got} {finding.level}{step}: {finding.seen}. {finding.action}",
        payload=MonitoringAlert(job_id=job_id, event=alert.event, finding=finding),
        severity=finding.level,
    )
