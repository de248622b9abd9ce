"""From the end of an attempt to the next one: what ended it, what is done about it, and the record of both."""

from pathlib import Path

from brewslm.core.errors import WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import RecoveryProposed, RecoveryStarted, WorkerLost
from brewslm.core.events.reasons import Reason
from brewslm.core.health.report import Verdict
from brewslm.core.job import JobStatus
from brewslm.core.ports.engine import WorkerStatus
from brewslm.core.ports.machine import Machine
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.recovery.onset import divergence_in, good_until
from brewslm.core.recovery.policy import Decision, Ended, GivenUp, Setting, decide
from brewslm.core.wire.attempt import FailureFile
from brewslm.core.wire.recovery import Cause, Measure, Question
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, FAILURE_FILE, WORKER_LOG_FILE, ExitCode
from brewslm.services.engines.line import MACHINE, devices_of, uses_device
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.files import read_recovery, write_recovery
from brewslm.services.jobs.journal import JournalReader
from brewslm.services.jobs.setting_aside import Aside, SetAsideError

_CAUSES: dict[int | None, Cause] = {
    ExitCode.OUT_OF_MEMORY: "out_of_memory",
    ExitCode.NOT_FINITE: "not_finite",
    ExitCode.DISK_FULL: "disk_full",
    ExitCode.DEVICE_FAILED: "device_failed",
    ExitCode.PEER_LOST: "lost",
}
REASONS: dict[Cause, Reason] = {
    "lost": Reason.TRAINING_RUNTIME_ERROR,
    "stalled": Reason.TRAINING_STALLED,
    "out_of_memory": Reason.TRAINING_OOM,
    "not_finite": Reason.TRAINING_NAN,
    "diverged": Reason.TRAINING_DIVERGED,
    "plateau": Reason.TRAINING_DESIGN_PROBLEM,
    "disk_full": Reason.TRAINING_DISK_FULL,
    "device_failed": Reason.TRAINING_DEVICE_FAILED,
}
MIN_FREE_BYTES = 64 << 20
_GIB = 1 << 30
_MOST_RUNNING = 100_000


def ended_of(
    status: WorkerStatus, directory: Path, journal: JournalReader, recipe: Recipe, *, stalled_attempt: int | None
) -> Ended | None:
    """Say what ended an attempt; None where it would end the same way again."""
    failure = failure_of(directory, status.attempt)
    verdict = journal.verdict
    astray = None if verdict is None else divergence_in(verdict, status.attempt)
    if status.attempt == stalled_attempt:
        cause: Cause | None = "stalled"
    elif status.is_out_of_memory:
        cause = "out_of_memory"
    elif status.state == "lost" or status.signal is not None:
        cause = "lost" if astray is None else "diverged"
    else:
        cause = _CAUSES.get(status.exit_code)
    if cause is None:
        return None
    return Ended(
        attempt=status.attempt,
        cause=cause,
        step=failure.step if failure is not None and failure.step is not None else journal.last_step,
        good_until=_good_until(verdict, status.attempt, recipe) if cause in {"not_finite", "diverged"} else None,
        episode=astray.episode if astray is not None and cause == "diverged" else None,
        losses=journal.attempts_without_progress(status.attempt),
        micro_batch=failure.micro_batch if failure is not None else None,
    )


def _good_until(verdict: Verdict | None, attempt: int, recipe: Recipe) -> int | None:
    return None if verdict is None else good_until(verdict, attempt, log_every=recipe.monitor.log_every)


def failure_of(directory: Path, attempt: int) -> FailureFile | None:
    """Return what this attempt had to say about its end."""
    path = directory / FAILURE_FILE
    if not path.is_file():
        return None
    failure = FailureFile.model_validate_json(path.read_bytes())
    return failure if failure.attempt == attempt else None


def recover(
    claim: Claim, directory: Path, recipe: Recipe, status: WorkerStatus, ended: Ended, *, trouble: str
) -> Measure:
    """Record what is done about the end of an attempt, once, and return it.

    Raises:
        WorkerError: nothing more is done about it.
        SetAsideError: a person is asked first.
    """
    known = read_recovery(directory)
    what = _said(status, directory, ended, trouble)
    if known.measures and known.measures[-1].attempt == ended.attempt:  # decided before this process was started
        return known.measures[-1]
    question = claim.job.question
    if question is not None and question.measure.attempt == ended.attempt:  # asked before this process was started
        decision: Decision | GivenUp = _agreed(question)
    else:
        question, decision = None, decide(ended, recipe, known)
    if isinstance(decision, GivenUp):
        if ended.cause == "lost":
            note_once(claim, ended.attempt, _lost(status, ended))
        reason = Reason.TRAINING_DESIGN_PROBLEM if decision.is_design_problem else REASONS[ended.cause]
        raise WorkerError(_words_at_the_end(what, decision, directory), reason=reason)
    if recipe.recovery == "ask" and question is None:
        raise SetAsideError(_asking(decision, what))
    draft = _lost(status, ended) if ended.cause == "lost" else recovery_draft(decision, what)
    note_once(claim, ended.attempt, draft)
    measures = (*known.measures, decision.measure)
    write_recovery(directory, known.model_copy(update={"measures": measures, "adjustments": decision.adjustments}))
    return decision.measure


def _asking(decision: Decision, what: str) -> Aside:
    before, after = _before_and_after(decision)
    question = Question(
        what=what,
        proposal=decision.explanation,
        measure=decision.measure,
        adjustments=decision.adjustments,
        before=before,
        after=after,
    )
    draft = Draft(
        reason=Reason.TRAINING_RECOVERY_PROPOSED,
        summary=f"{what}; if you agree, {decision.explanation}",
        payload=_payload(decision, RecoveryProposed),
    )
    return Aside(draft, question)


def _agreed(question: Question) -> Decision:
    """Return the decision that a person agreed to, as it was proposed.

    Raises:
        SetAsideError: nobody has answered yet.
    """
    if question.answer is None:
        raise SetAsideError(Aside(None, question))
    changes = {name: (before, question.after[name]) for name, before in question.before.items()}
    return Decision(
        measure=question.measure,
        adjustments=question.adjustments,
        changes=changes,
        explanation=question.proposal,
    )


def _before_and_after(decision: Decision) -> tuple[dict[str, Setting], dict[str, Setting]]:
    before = {name: before for name, (before, _) in decision.changes.items()}
    return before, {name: after for name, (_, after) in decision.changes.items()}


def needed_bytes(directory: Path) -> int:
    """Return the space that two more checkpoints as large as the largest take."""
    checkpoints = [
        sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        for folder in (directory / CHECKPOINTS_FOLDER).glob("step-*")
    ]
    return max(MIN_FREE_BYTES, 2 * max(checkpoints, default=0))


def _said(status: WorkerStatus, directory: Path, ended: Ended, trouble: str) -> str:
    failure = failure_of(directory, status.attempt)
    if failure is not None:
        return failure.message.partition(". ")[0].rstrip(".")  # what happened, without what a person could do
    if ended.cause == "stalled":
        return f"The training process of attempt {ended.attempt} was ended: {trouble}"
    if ended.cause == "diverged":
        return f"Attempt {ended.attempt} was ended at step {ended.step}: its loss rose and stayed"
    if ended.cause == "out_of_memory":
        return f"The training process of attempt {ended.attempt} was killed by the system for want of memory"
    return f"The training process of attempt {ended.attempt} was ended by {_how(status)}"


def _how(status: WorkerStatus) -> str:
    if status.signal:
        return f"signal {status.signal}"
    told = f", which its cluster calls {status.waits_for}" if status.waits_for else ""
    return f"the loss of another process{told}" if status.exit_code is not None else f"an unknown cause{told}"


def _words_at_the_end(what: str, given_up: GivenUp, directory: Path) -> str:
    return f"{what}; {given_up.explanation}. Read {directory / WORKER_LOG_FILE}, then start again."


def _lost(status: WorkerStatus, ended: Ended) -> Draft:
    return Draft(
        reason=Reason.TRAINING_WORKER_LOST,
        summary=f"The training process of attempt {ended.attempt} was ended by {_how(status)}",
        payload=WorkerLost(
            attempt=ended.attempt, exit_code=status.exit_code, signal=status.signal, last_step=ended.step
        ),
    )


def recovery_draft(decision: Decision, what: str) -> Draft:
    """Return the event of a measure: what happened, and what is changed about it."""
    return Draft(
        reason=Reason.TRAINING_RECOVERY_STARTED,
        summary=f"{what}; {decision.explanation}",
        payload=_payload(decision, RecoveryStarted),
    )


def _payload(decision: Decision, kind: type[RecoveryStarted]) -> RecoveryStarted:
    measure = decision.measure
    before, after = _before_and_after(decision)
    return kind(
        attempt=measure.attempt,
        cause=measure.cause,
        last_step=measure.step,
        action=measure.action,
        before=before,
        after=after,
    )


def note_once(claim: Claim, attempt: int, draft: Draft) -> None:
    """Write the event of an attempt's end, once: this process may have died after it had written it before."""
    job = claim.job
    with claim.transaction() as transaction:
        claim.stored(transaction)
        events = transaction.events.list(project_id=job.project_id, run_id=job.run_id)
        known = [event.payload["attempt"] for event in events if event.reason is draft.reason]
        if attempt not in known:
            claim.emit_in(transaction, draft)


def with_devices(ended: Ended, claim: Claim, machine: Machine) -> Ended:
    """Add what is known of the job's device, and which others there are."""
    devices = devices_of(machine.facts().gpus)
    device = claim.job.device or devices[0]
    if device not in devices:  # all of them, or those of a cluster
        return ended.model_copy(update={"device": device})
    return ended.model_copy(
        update={
            "device": device,
            "other_devices": tuple(other for other in devices if other != device),
            "device_facts": _facts(device, machine),
        }
    )


def move(claim: Claim, machine: Machine, failed: tuple[str, ...]) -> bool:
    """Give the job a device that has not failed and that no other job has; return whether it has one now.

    Of a step, the flow holds the device, and is moved with it.
    """
    devices = devices_of(machine.facts().gpus)
    with claim.transaction() as transaction:
        job = claim.stored(transaction)
        if job.device is not None and job.device not in failed:
            return True  # moved before this process was started
        holder = job if job.parent_id is None else transaction.jobs.get(job.parent_id)
        running = transaction.jobs.list(statuses=(JobStatus.RUNNING,), limit=_MOST_RUNNING)
        held = {one.device or devices[0] for one in running if uses_device(one) and one.id != holder.id}
        held |= set(devices) if MACHINE in held else set()
        device = next((one for one in devices if one not in held and one not in failed), None)
        if device is None:
            return False
        claim.change(transaction, device=device)
        if holder.id != job.id:
            transaction.jobs.change(holder, device=device)
    return True


def _facts(device: str, machine: Machine) -> str:
    kind, _, number = device.partition(":")
    gpus = machine.gpus()
    if kind != "gpu" or int(number) >= len(gpus):
        return ""
    gpu = gpus[int(number)]
    return f"{gpu.name}, {gpu.used_bytes / _GIB:.1f} of {gpu.memory_bytes / _GIB:.1f} GiB in use"
