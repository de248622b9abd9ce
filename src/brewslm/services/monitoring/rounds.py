"""One round of a patrol over one running training: what is found, what is told, and what is done about it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from brewslm.core.events.base import Draft
from brewslm.core.events.monitoring import MonitoringAlert, PatrolChanged
from brewslm.core.events.reasons import Reason
from brewslm.core.health.monitor import Monitor
from brewslm.core.health.observation import Observation
from brewslm.core.health.report import HealthFinding, Verdict
from brewslm.core.health.sighting import ACTIONS, DetectorName, Level, shown
from brewslm.core.health.signs import renewed, trouble_of
from brewslm.core.health.thresholds import Thresholds
from brewslm.core.job import Job
from brewslm.core.patrol.rounds import PatrolMemory, RoundCheckName, TrainingRound, checks_of, worst
from brewslm.core.ports.engine import WorkerStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, MANIFEST_FILE
from brewslm.services.monitoring.sight import look_at
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event

ACTOR = "patrol"
LATE_TIMES = 3.0
TAKE_UP_AGAIN_SECONDS = 60.0
"""What a process that takes work up needs at most until the ledger shows it."""

_GIB = 1 << 30
_MEASURED: dict[str, RoundCheckName] = {
    "memory": "memory",
    "utilisation": "utilisation",
    "throughput": "throughput",
}
"""Lines of the watch that say what a round asks for, too."""

TakeUp = Callable[[Job], None]
"""Start a process that stands beside a job again."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Who stands beside a training."""

    job: Job
    is_owner_gone: bool
    may_recover: bool


class Rounds:
    """Looks at one training after the other. What it remembers of each is in the ledger, so that anyone may go on."""

    def __init__(
        self, ports: Ports, thresholds: Thresholds, take_up: TakeUp | None, *, looks_every: float | None = None
    ) -> None:
        """Judge by these thresholds; without `take_up` abandoned work is told, and left to who else is there.

        Args:
            ports: the outside world.
            thresholds: those that count.
            take_up: starts a process that stands beside a job.
            looks_every: seconds between two looks of a patrol that stays; one that comes much later was held up itself.
        """
        self._ports, self._limits, self._take_up = ports, thresholds, take_up
        self._looks_every = looks_every

    def visit(self, stand: Stand, folder: Path) -> TrainingRound | None:
        """Look at one training, record what changed since the last round, and take abandoned work up.

        Returns:
            How it was found; None where it has just ended.
        """
        job = stand.job
        seen = look_at(folder, self._ports.clock, self._ports.engine)
        status = self._ports.engine.status(folder)
        with self._ports.storage.write() as transaction:
            if transaction.jobs.get(job.id).status.is_final:
                return None
            memory = _memory(transaction, job)
            verdict, stored, said = self._judged(transaction, job, folder)
            signs = renewed(memory.signs, seen, blind_seconds=self._blind_seconds(memory, seen.now))
            findings = list(verdict.findings)
            if status.state == "alive":
                trouble = trouble_of(signs, self._limits.stall, step_seconds=verdict.step_seconds)
                findings += [_own("stall", "critical", trouble)] if trouble else []
            if abandoned := _abandoned(stand, status):
                findings.append(abandoned)
            if problem := checkpoint_problem(folder / CHECKPOINTS_FOLDER):
                findings.append(_own("checkpoint_freshness", "warning", problem))
            said["process_alive"] = f"attempt {status.attempt}: {status.state}"
            if status.state == "alive":
                said["progress"] = f"{signs.phase}, last pulse {signs.looked_at - signs.pulse_at:.0f} s ago"
            action = self._action(stand, memory, is_abandoned=abandoned is not None, now=seen.now)
            found = _round(job, verdict, findings, action, said)
            own = {one.detector: one for one in findings if one.detector not in stored}
            self._tell(transaction, job, memory, found, own)
            kept = memory.model_copy(
                update={
                    "verdict": found.verdict,
                    "signs": signs,
                    "told": {name: one.level for name, one in own.items()},
                    "taken_up_at": seen.now if action else memory.taken_up_at,
                }
            )
            transaction.monitors.keep(job.id, "patrol", kept.model_dump_json().encode())
        if action and self._take_up is not None:
            self._take_up(job)
        return found

    def _blind_seconds(self, memory: PatrolMemory, now: float) -> float:
        """Return time that does not count, because who looks may have stood still with all the others."""
        waited = now - memory.signs.looked_at if memory.signs is not None else 0.0
        is_late = self._looks_every is not None and waited > LATE_TIMES * self._looks_every
        return waited if is_late else 0.0

    def _judged(
        self, transaction: Transaction, job: Job, folder: Path
    ) -> tuple[Verdict, set[DetectorName], dict[RoundCheckName, str]]:
        """Return the verdict with what the machine has left now, what the journal has told, and what was measured."""
        state = transaction.monitors.state(job.id, "monitor")
        try:
            monitor = Monitor(self._limits, state=state)
        except ValidationError:
            monitor = Monitor(self._limits)
        stored = {one.detector for one in monitor.verdict().findings}
        free = self._ports.machine.free_disk_bytes(folder)
        monitor.feed(Observation("device", disk_free_bytes=free))
        verdict = monitor.verdict()
        said: dict[RoundCheckName, str] = {"disk_space": f"{free / _GIB:,.1f} GiB are free"}
        if verdict.loss is not None:
            said["loss_trend"] = f"loss {shown(verdict.loss)}, the median of the last 8 records"
        for line in monitor.checks_now():
            if line.check in _MEASURED and line.level != "unknown":
                said[_MEASURED[line.check]] = line.seen
        return verdict, stored, said

    def _action(self, stand: Stand, memory: PatrolMemory, *, is_abandoned: bool, now: float) -> str:
        is_begun = memory.taken_up_at is not None and 0 <= now - memory.taken_up_at < TAKE_UP_AGAIN_SECONDS
        if not is_abandoned or self._take_up is None or is_begun or not stand.may_recover:
            return ""
        return "a process that takes its work up again was started"

    def _tell(
        self,
        transaction: Transaction,
        job: Job,
        memory: PatrolMemory,
        found: TrainingRound,
        own: dict[DetectorName, HealthFinding],
    ) -> None:
        """Write events of what changed: nothing where all is as it was on the round before."""
        drafts = []
        for name, finding in own.items():
            if name not in memory.told or (finding.level == "critical" and memory.told[name] == "warning"):
                event = "escalated" if name in memory.told else "opened"
                drafts.append(
                    Draft(
                        reason=Reason.MONITORING_ALERT,
                        summary=f"{name} {finding.level}: {finding.seen}. {finding.action}",
                        payload=MonitoringAlert(job_id=job.id, event=event, finding=finding),
                        severity=finding.level,
                    )
                )
        for name in memory.told.keys() - own.keys():
            over = _own(name, memory.told[name], "it was not seen on the last round").model_copy(
                update={"is_open": False}
            )
            payload = MonitoringAlert(job_id=job.id, event="resolved", finding=over)
            drafts.append(Draft(Reason.MONITORING_ALERT_RESOLVED, f"{name} was over on the patrol's round", payload))
        if found.verdict != memory.verdict or found.action:
            drafts.append(_changed(job, memory, found))
        origin = Origin(project_id=job.project_id, run_id=job.run_id, actor=ACTOR)
        for draft in drafts:
            emit_event(transaction, draft, origin=origin, occurred_at=self._ports.clock.now())


def checkpoint_problem(checkpoints: Path) -> str:
    """Say what is wrong with the newest checkpoint: its manifest, or the size of a file; empty where nothing is."""
    newest = max(checkpoints.glob("step-*"), key=lambda path: path.stat().st_mtime_ns, default=None)
    if newest is None:
        return ""
    try:
        files = json.loads((newest / MANIFEST_FILE).read_bytes())["files"]
        for name, entry in files.items():
            size = (newest / name).stat().st_size
            if size != entry["size_bytes"]:
                return f"{newest.name}: {name} has {size:,} bytes, its manifest says {entry['size_bytes']:,}"
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        return f"{newest.name}: {missing} is missing" if newest.is_dir() else ""  # it was pruned meanwhile
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{newest.name}: its manifest cannot be read ({error})"
    return ""


def _memory(transaction: Transaction, job: Job) -> PatrolMemory:
    state = transaction.monitors.state(job.id, "patrol")
    try:
        return PatrolMemory() if state is None else PatrolMemory.model_validate_json(state)
    except ValidationError:  # of another version
        return PatrolMemory()


def _abandoned(stand: Stand, status: WorkerStatus) -> HealthFinding | None:
    if not stand.is_owner_gone:
        return None
    if status.state == "alive":
        return _own("process_alive", "warning", "its worker lives, but nobody stands beside it")
    return _own("process_alive", "critical", f"its worker is {status.state}, and nobody stands beside it")


def _own(detector: DetectorName, level: Level, seen: str) -> HealthFinding:
    """Return a finding of the patrol itself."""
    return HealthFinding(
        detector=detector,
        level=level,
        episode=0,
        is_open=True,
        step=None,
        value=0.0,
        limit=0.0,
        onset_step=None,
        onset_record=0,
        peak=0.0,
        peak_step=None,
        recovery_step=None,
        seen=seen,
        evidence={},
        action=ACTIONS[detector],
    )


def _round(
    job: Job,
    verdict: Verdict | None,
    findings: list[HealthFinding],
    action: str,
    said: dict[RoundCheckName, str],
) -> TrainingRound:
    checks = tuple(checks_of(findings, verdict, said))
    return TrainingRound(
        job_id=job.id,
        project_id=job.project_id,
        verdict=worst([check.level for check in checks]),
        step=verdict.step if verdict is not None else None,
        total_steps=verdict.total_steps if verdict is not None else None,
        loss=verdict.loss if verdict is not None else None,
        checks=checks,
        action=action,
    )


def _changed(job: Job, memory: PatrolMemory, found: TrainingRound) -> Draft:
    bad: dict[str, str] = {check.check: check.seen for check in found.checks if check.level in {"warning", "critical"}}
    why = "; ".join(f"{name}: {seen}" for name, seen in bad.items()) or "nothing is the matter"
    then = f"; {found.action}" if found.action else ""
    return Draft(
        reason=Reason.MONITORING_PATROL,
        summary=f"The patrol found job {job.id} {found.verdict}, {memory.verdict} before: {why}{then}",
        payload=PatrolChanged(
            job_id=job.id, before=memory.verdict, after=found.verdict, findings=bad, action=found.action
        ),
        severity=found.verdict if found.verdict in {"warning", "critical"} else None,
    )
