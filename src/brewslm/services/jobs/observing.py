"""From what the monitor says of a living training to what is done about it."""

from pathlib import Path

from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.reasons import Reason
from brewslm.core.health.report import Verdict
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.recovery.policy import Decision, Ended, GivenUp, decide
from brewslm.core.wire.rundir import (
    CONTROL_FOLDER,
    DESIGN_PROBLEM_FILE,
    LEARNING_RATE_FILE,
    STOP_FILE,
)
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.files import read_recovery, write_recovery, write_whole
from brewslm.services.jobs.recovering import recovery_draft
from brewslm.services.monitoring.design import design_report


def answer_plateau(claim: Claim, directory: Path, recipe: Recipe, verdict: Verdict) -> None:
    """Do what the recipe says of a plateau, once an episode; the worker goes on meanwhile."""
    plateau = next((one for one in verdict.findings if one.detector == "plateau"), None)
    known = read_recovery(directory)
    if plateau is None or any(one.cause == "plateau" and one.episode == plateau.episode for one in known.measures):
        return
    ended = Ended(attempt=verdict.attempt, cause="plateau", step=verdict.step, episode=plateau.episode)
    decision = decide(ended, recipe, known)
    if isinstance(decision, GivenUp):
        return
    claim.emit(recovery_draft(decision, f"The loss no longer fell: {plateau.seen}"))
    measures = (*known.measures, decision.measure)
    write_recovery(directory, known.model_copy(update={"measures": measures, "adjustments": decision.adjustments}))
    _tell_worker(directory, decision, plateau.seen)


def _tell_worker(directory: Path, decision: Decision, seen: str) -> None:
    control = directory / CONTROL_FOLDER
    control.mkdir(mode=0o700, exist_ok=True)
    if decision.measure.action == "stop":
        write_whole(control / STOP_FILE, seen)
    else:
        write_whole(control / LEARNING_RATE_FILE, f"{decision.adjustments.learning_rate_factor!r}")


def note_design_problem(claim: Claim, directory: Path, recipe: Recipe, verdict: Verdict, why: str) -> None:
    """Record, once, that the training itself is taken to be at fault, with a report for people."""
    path = directory / DESIGN_PROBLEM_FILE
    if path.exists():
        return
    error = f"{why}; read {path}"
    draft = Draft(
        reason=Reason.TRAINING_DESIGN_PROBLEM,
        summary=f"The training does not lead where it should: {error}",
        payload=Failure(error=error, detail="monitor"),
    )
    with claim.transaction() as transaction:
        claim.stored(transaction)
        events = transaction.events.list(project_id=claim.job.project_id, run_id=claim.job.run_id)
        if not any(event.reason is Reason.TRAINING_DESIGN_PROBLEM for event in events):
            claim.emit_in(transaction, draft, actor="monitor")
    write_design_report(directory, recipe, verdict, why)


def write_design_report(directory: Path, recipe: Recipe, verdict: Verdict, why: str) -> None:
    """Write what was expected, seen and done, and what to consider."""
    report = design_report(why, verdict, recipe, read_recovery(directory).measures)
    write_whole(directory / DESIGN_PROBLEM_FILE, report)
