"""Which events people are told of, how grave each is to them, and under which title.

Every reason that is worse than `info` stands either in `NOTICES` or in `SILENT`, which a test holds; of the others,
those in `NOTICES` are told.
"""

from dataclasses import dataclass
from typing import Literal

from brewslm.core.events.reasons import Reason, Severity

Telling = Literal["always", "alone", "unless_told"]
"""`alone`: not of a step of a flow, whose end tells it. `unless_told`: not where a step of it told its failure."""


@dataclass(frozen=True, slots=True)
class Notice:
    """How people are told of a reason."""

    severity: Severity | None
    """None where it is the event's own."""
    title: str
    """A few words; the event's own summary follows."""
    telling: Telling = "always"


NOTICES: dict[Reason, Notice] = {
    Reason.INGESTION_UNREACHABLE: Notice("error", "A source could not be reached"),
    Reason.INGESTION_REFUSED: Notice("error", "A source was refused"),
    Reason.INGESTION_UNSUPPORTED_FORMAT: Notice("error", "A source has an unknown format"),
    Reason.INGESTION_EMPTY: Notice("error", "A source is empty"),
    Reason.INGESTION_MALFORMED: Notice("error", "A source is malformed"),
    Reason.INGESTION_IO_ERROR: Notice("error", "A source could not be read"),
    Reason.INGESTION_RESOURCE_LIMIT: Notice("error", "A source is too large to read"),
    Reason.INGESTION_PARSER_CRASHED: Notice("error", "A source crashed its reader"),
    Reason.INTROSPECTION_AMBIGUOUS: Notice("warning", "A reading of the data has to be chosen"),
    Reason.INTROSPECTION_ADVICE_FAILED: Notice("error", "The advising model gave no advice"),
    Reason.MAPPING_COVERAGE: Notice("error", "Too few rows could be mapped"),
    Reason.MAPPING_SOURCE_CHANGED: Notice("error", "A mapping no longer fits its source"),
    Reason.MAPPING_PLUGIN: Notice("error", "A mapping plugin failed"),
    Reason.CLEANING_EMPTY: Notice("error", "Cleaning would leave nothing"),
    Reason.CLEANING_PII: Notice("error", "Personal data blocked a cleaning"),
    Reason.PREPARATION_EMPTY_SPLIT: Notice("error", "A split would be empty"),
    Reason.PREPARATION_EMPTY_MASK: Notice("error", "An example has nothing to train on"),
    Reason.PREPARATION_TOO_LONG: Notice("error", "Examples are too long"),
    Reason.PREPARATION_GOLDEN_OVERLAP: Notice("error", "A golden set is in the data"),
    Reason.PREFLIGHT_BLOCKED: Notice("error", "Preflight blocked a run"),
    Reason.PREFLIGHT_CAPABILITY: Notice("error", "The base model cannot do this"),
    Reason.PREFLIGHT_DEPENDENCY: Notice("error", "A package is missing"),
    Reason.PREFLIGHT_DISK: Notice("error", "Too little disk for a run"),
    Reason.PREFLIGHT_MEMORY: Notice("error", "Too little memory for a run"),
    Reason.PREFLIGHT_DATA_CHANGED: Notice("error", "Prepared data has changed"),
    Reason.PREFLIGHT_MASK: Notice("error", "The training mask is wrong"),
    Reason.PREFLIGHT_FLOOR: Notice("error", "A base model has not beaten its floor"),
    Reason.PREFLIGHT_GOLDEN: Notice("error", "Train holds texts of a golden set"),
    Reason.PREFLIGHT_GPU: Notice("error", "The GPU is in use"),
    Reason.PREFLIGHT_GATES: Notice("error", "A gate cannot be passed"),
    Reason.PREFLIGHT_BUDGET: Notice("error", "The budget is too small for the run"),
    Reason.PREFLIGHT_PLAN_CHANGED: Notice("error", "The project has changed since the plan"),
    Reason.TRAINING: Notice("info", "Training has finished"),
    Reason.TRAINING_RECOVERY_STARTED: Notice("warning", "A failed training is being recovered"),
    Reason.TRAINING_RECOVERED: Notice("info", "A training goes on"),
    Reason.TRAINING_CANCELLED: Notice("info", "A job was cancelled"),
    Reason.TRAINING_OOM: Notice("error", "Training ran out of memory"),
    Reason.TRAINING_NAN: Notice("error", "Training met numbers that are not finite"),
    Reason.TRAINING_DISK_FULL: Notice("error", "Training filled the disk"),
    Reason.TRAINING_DEVICE_FAILED: Notice("error", "A device failed while training"),
    Reason.TRAINING_STALLED: Notice("error", "Training hung"),
    Reason.TRAINING_WORKER_LOST: Notice("warning", "A training process disappeared"),
    Reason.TRAINING_RUNTIME_ERROR: Notice("error", "Training failed"),
    Reason.TRAINING_DIVERGED: Notice("error", "Training diverged"),
    Reason.TRAINING_DESIGN_PROBLEM: Notice("error", "A training has a problem of design"),
    Reason.TRAINING_TIMEOUT: Notice("warning", "Training used up its time"),
    Reason.TRAINING_BUDGET_EXCEEDED: Notice("warning", "Training used up its budget"),
    Reason.TRAINING_RESULTS_INCOMPLETE: Notice("error", "A training left incomplete results"),
    Reason.TRAINING_RECOVERY_PROPOSED: Notice("warning", "A recovery waits for an answer"),
    Reason.TRAINING_FORK_REFUSED: Notice("error", "A fork was refused"),
    Reason.MONITORING_ALERT: Notice(None, "A training is in trouble"),
    Reason.MONITORING_ALERT_RESOLVED: Notice("info", "A trouble of a training is over"),
    Reason.MONITORING_WATCHER_LOST: Notice("error", "Nobody watches the trainings"),
    Reason.GATE_WAITING: Notice("warning", "A gate waits for a person"),
    Reason.GATE_REJECTED: Notice("error", "A gate rejected its work"),
    Reason.GATE_CLOSED: Notice("error", "Work stopped at a closed gate"),
    Reason.SYSTEM_WORKER_LOST: Notice("warning", "A process disappeared, and its work was begun again"),
    Reason.SYSTEM_CONFIG_INVALID: Notice("warning", "A file of settings cannot be used"),
    Reason.EVALUATION: Notice("info", "Evaluation has finished", "alone"),
    Reason.EVALUATION_RUNTIME_ERROR: Notice("error", "Evaluation failed"),
    Reason.EVALUATION_DATASET_MISSING: Notice("error", "Nothing to evaluate on"),
    Reason.EVALUATION_JUDGE_UNAVAILABLE: Notice("warning", "The judge of an evaluation gave no verdict"),
    Reason.EVALUATION_BACKLOG_RETURNED: Notice("warning", "Something that was mended is back"),
    Reason.EVALUATION_GATE_FAILED: Notice("warning", "The tuned model did not pass its gate"),
    Reason.EXPORT: Notice("info", "A bundle was exported", "alone"),
    Reason.EXPORT_FORMAT_UNSUPPORTED: Notice("error", "An export is not possible in this form"),
    Reason.EXPORT_PARITY_FAILED: Notice("critical", "An exported model answers differently"),
    Reason.EXPORT_RUNTIME_ERROR: Notice("error", "Export failed"),
    Reason.EXPORT_CHECKSUM_MISMATCH: Notice("critical", "A file of a bundle is damaged"),
    Reason.DEPLOYMENT: Notice("info", "A release candidate is ready", "alone"),
    Reason.DEPLOYMENT_SMOKE_FAILED: Notice("error", "A bundle failed its smoke test"),
    Reason.DEPLOYMENT_PROMOTED: Notice("info", "A release is live"),
    Reason.DEPLOYMENT_PROMOTION_REFUSED: Notice("warning", "A promotion was refused"),
    Reason.DEPLOYMENT_ROLLED_BACK: Notice("warning", "A release was rolled back"),
    Reason.DEPLOYMENT_BUNDLE_REFUSED: Notice("critical", "A release cannot be served"),
    Reason.DEPLOYMENT_PROCESS_LOST: Notice("warning", "A serving process ended"),
    Reason.DEPLOYMENT_DRIFT_DETECTED: Notice("warning", "An endpoint has drifted"),
    Reason.AUTOPILOT: Notice("info", "A flow has finished"),
    Reason.AUTOPILOT_STOPPED: Notice("error", "A flow has stopped", "unless_told"),
    Reason.SYSTEM_RECOVERED: Notice("info", "Interrupted work was taken up again"),
    Reason.SYSTEM_REQUEST_INVALID: Notice("error", "A job could not be done as asked"),
    Reason.SYSTEM_NOT_FOUND: Notice("error", "A job named what does not exist"),
    Reason.SYSTEM_CONFLICT: Notice("error", "A job contradicts the present state"),
    Reason.SYSTEM_WORKSPACE: Notice("critical", "The workspace cannot be used"),
    Reason.SYSTEM_ARTIFACT_DAMAGED: Notice("critical", "A stored file is damaged"),
    Reason.SYSTEM_DISK_FULL: Notice("error", "The disk is full"),
    Reason.SYSTEM_INTERNAL: Notice("critical", "BrewSLM made a mistake"),
    Reason.SYSTEM_ALERT_UNDELIVERED: Notice("error", "Alerts cannot be delivered"),
}

SILENT: frozenset[Reason] = frozenset({Reason.SYSTEM_EVENT_INVALID})
"""Worse than `info`, and still nobody is told: nothing was lost, and whoever reads the events sees it."""

BELL_ONLY: frozenset[Reason] = frozenset({Reason.SYSTEM_ALERT_UNDELIVERED})
"""Told in the bell and on no channel: a channel that fails must not make messages for channels."""
