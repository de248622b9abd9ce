"""The closed taxonomy of reasons. A reason is never re-used or removed; `docs/reasons.md` is generated from here.

Grammar: success is the bare noun of the stage (or noun_participle for a step within it), failure is noun_cause.
"""

from dataclasses import dataclass

from brewslm.core.reason import EventStage, Reason, Severity

__all__ = ["TAXONOMY", "EventStage", "Meaning", "Reason", "Severity"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason says, and what to do next."""

    stage: EventStage
    severity: Severity
    meaning: str
    next_step: str


def _row(stage: EventStage, severity: Severity, meaning: str, next_step: str) -> Meaning:
    return Meaning(stage, severity, meaning, next_step)


_NOTHING = "Nothing to do."
_SEE_LOG = "Read the worker's log (`brewslm jobs logs JOB`), then start again."

TAXONOMY: dict[Reason, Meaning] = {
    Reason.PROJECT_CREATED: _row("project", "info", "A project was created.", "Import a dataset."),
    Reason.INGESTION: _row("ingestion", "info", "A source became an immutable snapshot.", "Introspect it."),
    Reason.INGESTION_UNREACHABLE: _row(
        "ingestion", "error", "The source does not exist or could not be reached.", "Check the path or the address."
    ),
    Reason.INGESTION_REFUSED: _row(
        "ingestion", "error", "The source is unsafe or beyond a limit, and was not taken.", "Do what the message says."
    ),
    Reason.INGESTION_UNSUPPORTED_FORMAT: _row(
        "ingestion", "error", "The format of the source is not one that BrewSLM reads.", "Convert it to JSONL or CSV."
    ),
    Reason.INGESTION_EMPTY: _row("ingestion", "error", "The source holds no rows.", "Check that it is the right file."),
    Reason.INGESTION_MALFORMED: _row(
        "ingestion",
        "error",
        "Too large a share of the records cannot be read.",
        "Repair the file; the rows are listed.",
    ),
    Reason.INGESTION_IO_ERROR: _row(
        "ingestion", "error", "Reading the source failed half-way.", "Check disk and permissions, then import again."
    ),
    Reason.INGESTION_RESOURCE_LIMIT: _row(
        "ingestion",
        "error",
        "Reading the source took more memory or time than it may.",
        "Check that the file is sound; else split or convert it.",
    ),
    Reason.INGESTION_PARSER_CRASHED: _row(
        "ingestion", "error", "The process that reads the source died of it.", "Convert the file to JSONL or CSV."
    ),
    Reason.INTROSPECTION: _row(
        "introspection", "info", "The shape of the data was recognised.", "Preview the mapping."
    ),
    Reason.INTROSPECTION_AMBIGUOUS: _row(
        "introspection", "error", "No reading of the data is certain enough.", "Choose one with `--as SHAPE`."
    ),
    Reason.INTROSPECTION_ADVICE_FAILED: _row(
        "introspection",
        "error",
        "The language model that was asked gave no advice that can be followed.",
        "Check its address, or choose the reading with `--as SHAPE`.",
    ),
    Reason.MAPPING_PREVIEW: _row("mapping", "info", "A mapping was tried without writing a dataset.", "Commit it."),
    Reason.MAPPING: _row("mapping", "info", "A snapshot became a canonical dataset.", "Clean or prepare it."),
    Reason.MAPPING_COVERAGE: _row(
        "mapping",
        "error",
        "Too few rows could be mapped (Gate A).",
        "Read the rejections, then mend the data or mapping.",
    ),
    Reason.MAPPING_SOURCE_CHANGED: _row(
        "mapping", "error", "Snapshot or mapping changed since the preview.", "Run the dry run again, then commit."
    ),
    Reason.MAPPING_PLUGIN: _row(
        "mapping", "error", "A plugin that maps rows is missing or broken.", "Install or repair it, then run again."
    ),
    Reason.CLEANING: _row("cleaning", "info", "A cleaned dataset version was written.", "Prepare it."),
    Reason.CLEANING_EMPTY: _row(
        "cleaning", "error", "Cleaning would leave no examples.", "Loosen the rules or import more data."
    ),
    Reason.CLEANING_PII: _row(
        "cleaning",
        "error",
        "Personal data or secrets were found, and the policy is to block.",
        "Take them out at the source, or clean with `--pii redact`.",
    ),
    Reason.PREPARATION: _row("preparation", "info", "Splits, shards and a manifest were written.", "Run preflight."),
    Reason.PREPARATION_EMPTY_SPLIT: _row(
        "preparation", "error", "A split would hold no examples.", "Import more data or change the shares."
    ),
    Reason.PREPARATION_EMPTY_MASK: _row(
        "preparation", "error", "An example has no token to train on.", "Raise max_seq_len or reject the example."
    ),
    Reason.PREPARATION_TOO_LONG: _row(
        "preparation",
        "error",
        "Examples are too long, and truncation was refused.",
        "Raise max_seq_len, or drop or truncate them.",
    ),
    Reason.PREPARATION_GOLDEN_OVERLAP: _row(
        "preparation",
        "error",
        "A tenth or more of a golden set is in the data.",
        "Take these texts out of the data, or out of the golden set.",
    ),
    Reason.PREPARATION_LOCKED: _row(
        "preparation", "info", "A golden set was locked.", "Prepare again, so that none of it is trained on."
    ),
    Reason.PREPARATION_ACTIVATED: _row(
        "preparation", "info", "An earlier manifest became the current one again.", "Run preflight."
    ),
    Reason.PREFLIGHT: _row("preflight", "info", "Every check passed and a plan was made.", "Train."),
    Reason.PREFLIGHT_BLOCKED: _row(
        "preflight", "error", "At least one check says that the run cannot succeed.", "Do what the checks propose."
    ),
    Reason.PREFLIGHT_CAPABILITY: _row(
        "preflight", "error", "The base model is missing or cannot do this task.", "Name another base model."
    ),
    Reason.PREFLIGHT_DEPENDENCY: _row(
        "preflight", "error", "A package that the run needs is missing.", "Install the extra that the check names."
    ),
    Reason.PREFLIGHT_DISK: _row(
        "preflight", "error", "Too little disk for the run.", "Free space or move BREWSLM_HOME."
    ),
    Reason.PREFLIGHT_MEMORY: _row(
        "preflight", "error", "The run would not fit in memory.", "Lower batch_size or max_seq_len."
    ),
    Reason.PREFLIGHT_DATA_CHANGED: _row(
        "preflight", "error", "Prepared files do not match the manifest.", "Prepare the dataset again."
    ),
    Reason.PREFLIGHT_MASK: _row(
        "preflight", "error", "An example trains no token, or the end of a turn is not trained.", "Check the template."
    ),
    Reason.PREFLIGHT_GOLDEN: _row(
        "preflight", "error", "The train split holds texts of a golden set.", "Prepare the dataset again."
    ),
    Reason.PREFLIGHT_GPU: _row(
        "preflight", "error", "Somebody else uses the GPU, or it does not answer.", "Wait, or choose another GPU."
    ),
    Reason.PREFLIGHT_GATES: _row(
        "preflight", "error", "No model could pass a gate of the evaluation with these splits.", "Import more data."
    ),
    Reason.PREFLIGHT_BUDGET: _row(
        "preflight",
        "error",
        "The run would use up its budget before its end.",
        "Raise the budget, or plan fewer steps.",
    ),
    Reason.PREFLIGHT_PLAN_CHANGED: _row(
        "preflight", "error", "The project has changed since the plan was made.", "Run preflight again."
    ),
    Reason.PREFLIGHT_FLOOR: _row(
        "preflight",
        "error",
        "The base model has not beaten its floor on this data (Gate C), or nobody has measured whether it does.",
        "Run `brewslm benchmark`, and choose a model that does.",
    ),
    Reason.BENCHMARK: _row("benchmark", "info", "A base model was measured on rows of the project.", _NOTHING),
    Reason.TRAINING_STARTED: _row("training", "info", "A training worker took its first step.", _NOTHING),
    Reason.TRAINING: _row("training", "info", "Training ended with a whole adapter.", "Evaluate it."),
    Reason.TRAINING_RECOVERY_STARTED: _row(
        "training", "warning", "An attempt failed, and something was changed so that the training goes on.", _NOTHING
    ),
    Reason.TRAINING_RECOVERED: _row(
        "training", "warning", "A training went on after an attempt had ended before its time.", _NOTHING
    ),
    Reason.TRAINING_RECOVERY_PROPOSED: _row(
        "training",
        "warning",
        "An attempt failed, and a person is asked whether the training goes on as proposed.",
        "Answer with `brewslm jobs answer JOB accept` or `refuse`.",
    ),
    Reason.TRAINING_ANSWERED: _row(
        "training", "info", "A person said whether a training goes on as proposed.", _NOTHING
    ),
    Reason.TRAINING_PAUSED: _row(
        "training",
        "info",
        "A training was set aside and gave its device back.",
        "Let it go on with `brewslm jobs resume JOB`.",
    ),
    Reason.TRAINING_RESUMED: _row("training", "info", "A paused training may go on.", _NOTHING),
    Reason.TRAINING_CANCELLED: _row("training", "warning", "Training was cancelled.", "Start again when you like."),
    Reason.TRAINING_OOM: _row("training", "error", "Training ran out of memory.", "Lower batch_size or max_seq_len."),
    Reason.TRAINING_NAN: _row("training", "error", "The loss was no longer a number.", "Lower the learning rate."),
    Reason.TRAINING_DISK_FULL: _row("training", "error", "The disk was full while training.", "Free space; retry."),
    Reason.TRAINING_DEVICE_FAILED: _row(
        "training",
        "error",
        "A GPU or its driver reported an error while training, and there was no other one to go on on.",
        "Look at the device (`nvidia-smi -q`, the kernel's log), restart its driver, then `brewslm jobs retry JOB`.",
    ),
    Reason.TRAINING_STALLED: _row(
        "training", "error", "The training process hung, again and again.", "Read its stacks in the worker's log."
    ),
    Reason.TRAINING_WORKER_LOST: _row(
        "training", "warning", "The training process disappeared.", "It is resumed by itself up to three times."
    ),
    Reason.TRAINING_RUNTIME_ERROR: _row("training", "error", "The training process failed.", _SEE_LOG),
    Reason.TRAINING_FORK_REFUSED: _row(
        "training",
        "error",
        "The checkpoint that a training was to begin from is missing, damaged, or does not fit its plan.",
        "Name another checkpoint, or plan as the message says.",
    ),
    Reason.TRAINING_TIMEOUT: _row(
        "training",
        "warning",
        "A training was saved and ended because the time of its budget was used up.",
        "Raise budget.max_minutes to train for longer.",
    ),
    Reason.TRAINING_BUDGET_EXCEEDED: _row(
        "training",
        "warning",
        "A training was saved and ended because the tokens, money or energy of its budget were used up.",
        "Raise budget.max_tokens, budget.max_cost or budget.max_kwh to train for longer.",
    ),
    Reason.TRAINING_RESULTS_INCOMPLETE: _row(
        "training", "error", "A training ended without all the figures that it must leave.", _SEE_LOG
    ),
    Reason.TRAINING_DIVERGED: _row(
        "training",
        "error",
        "The loss rose and stayed, whatever was done about it.",
        "Lower learning_rate; look at the data.",
    ),
    Reason.TRAINING_DESIGN_PROBLEM: _row(
        "training",
        "error",
        "The training does not lead where it should, and no measure against a mishap would change that.",
        "Read `design_problem.md` in its run directory: what was expected, what was seen, what to consider.",
    ),
    Reason.MONITORING_WATCH_PASSED: _row(
        "monitoring", "info", "The first steps were watched, and nothing was the matter.", _NOTHING
    ),
    Reason.MONITORING_PATROL: _row(
        "monitoring",
        "info",
        "A patrol found a training otherwise than on its round before.",
        "Look at it with `brewslm health JOB`.",
    ),
    Reason.MONITORING_ALERT: _row(
        "monitoring",
        "warning",
        "A trouble of a training began, or became critical.",
        "Do what its action says; `brewslm health JOB` shows it with its numbers.",
    ),
    Reason.MONITORING_ALERT_RESOLVED: _row("monitoring", "info", "A trouble of a training is over.", _NOTHING),
    Reason.MONITORING_WATCHER_LOST: _row(
        "monitoring",
        "error",
        "Who watched the trainings gave no sign of life by its deadline.",
        "Start it again: `brewslm serve`, or the timer that runs `brewslm patrol --once`.",
    ),
    Reason.EVALUATION: _row("evaluation", "info", "Base and tuned model were scored on the same rows.", "Export."),
    Reason.EVALUATION_RUNTIME_ERROR: _row("evaluation", "error", "The evaluation process failed.", _SEE_LOG),
    Reason.EVALUATION_DATASET_MISSING: _row(
        "evaluation", "error", "The rows to evaluate on are missing.", "Prepare the dataset again or name a file."
    ),
    Reason.EVALUATION_GATE_FAILED: _row(
        "evaluation", "warning", "The tuned model does not beat its base by the gate.", "More data, or another recipe."
    ),
    Reason.EVALUATION_JUDGE_UNAVAILABLE: _row(
        "evaluation",
        "warning",
        "The language model that judges answers gave no verdict, so gates on it are not met.",
        "Do what the message says, and evaluate again.",
    ),
    Reason.EVALUATION_BACKLOG_CREATED: _row(
        "evaluation", "info", "A run showed something that the next one should mend.", "Look: `brewslm backlog list`."
    ),
    Reason.EVALUATION_BACKLOG_STARTED: _row(
        "evaluation", "info", "An entry of the backlog was taken up.", "Mend it, train and evaluate again."
    ),
    Reason.EVALUATION_BACKLOG_RESOLVED: _row("evaluation", "info", "An entry of the backlog was closed.", _NOTHING),
    Reason.EVALUATION_BACKLOG_RETURNED: _row(
        "evaluation", "warning", "An entry of the backlog that was closed is open again.", "Look at what has changed."
    ),
    Reason.EVALUATION_REVIEW_CREATED: _row(
        "evaluation", "info", "Rows that a model fails were put on a review list.", "Mend them, and train on them."
    ),
    Reason.EXPORT: _row("export", "info", "A bundle was written and verified.", "Deploy it."),
    Reason.EXPORT_FORMAT_UNSUPPORTED: _row(
        "export", "error", "This format or target cannot be written yet.", "Choose one that the message lists."
    ),
    Reason.EXPORT_PARITY_FAILED: _row(
        "export",
        "critical",
        "The exported model does not answer like the tuned one.",
        "Report it; nothing was published.",
    ),
    Reason.EXPORT_RUNTIME_ERROR: _row("export", "error", "The export process failed.", _SEE_LOG),
    Reason.EXPORT_CHECKSUM_MISMATCH: _row(
        "export", "critical", "A file of the bundle does not match its checksum.", "Export again."
    ),
    Reason.DEPLOYMENT: _row("deployment", "info", "A release candidate passed its smoke test.", "Promote it."),
    Reason.DEPLOYMENT_SMOKE_FAILED: _row(
        "deployment", "error", "The bundle did not answer in the smoke test.", "Export again, then deploy."
    ),
    Reason.DEPLOYMENT_PROMOTED: _row("deployment", "info", "A release answers the endpoint's clients now.", _NOTHING),
    Reason.DEPLOYMENT_PROMOTION_REFUSED: _row(
        "deployment", "warning", "A release was not promoted; the one before goes on answering.", "Read the findings."
    ),
    Reason.DEPLOYMENT_ROLLED_BACK: _row(
        "deployment", "warning", "A release was taken back; the one before answers again.", "Look at why."
    ),
    Reason.DEPLOYMENT_CHANGED: _row(
        "deployment", "info", "A release was rejected or retired, or its share of the traffic was changed.", _NOTHING
    ),
    Reason.DEPLOYMENT_STARTED: _row("deployment", "info", "A release is ready to answer.", _NOTHING),
    Reason.DEPLOYMENT_BUNDLE_REFUSED: _row(
        "deployment",
        "critical",
        "A release is not served: a file of its bundle is damaged, or it cannot be loaded.",
        "Export again, deploy and promote; the release before goes on answering meanwhile.",
    ),
    Reason.DEPLOYMENT_PROCESS_LOST: _row(
        "deployment",
        "warning",
        "The process that answers for a release ended; it is started again.",
        "Nothing to do; if it happens again, read its log.",
    ),
    Reason.DEPLOYMENT_DRIFT_DETECTED: _row(
        "deployment",
        "warning",
        "What the endpoint is asked or answers is not what it was when the release was promoted.",
        "Look at `brewslm drift show`; roll back, or train on the new data.",
    ),
    Reason.DEPLOYMENT_KEY_CHANGED: _row("deployment", "info", "A key of an endpoint was made or revoked.", _NOTHING),
    Reason.GATE_WAITING: _row(
        "gate", "warning", "A person has to let pass what a stage made.", "Approve or reject it: `brewslm gates list`."
    ),
    Reason.GATE_APPROVED: _row("gate", "info", "What a stage made may be used.", _NOTHING),
    Reason.GATE_REJECTED: _row("gate", "error", "What a stage made must not be used.", "Run the stage again."),
    Reason.GATE_CHANGED: _row("gate", "info", "Another one decides at the gate of a stage.", _NOTHING),
    Reason.GATE_CLOSED: _row(
        "gate",
        "error",
        "Work stopped at something that its gate has not let pass.",
        "Approve it, or run the stage that made it again.",
    ),
    Reason.AUTOPILOT: _row(
        "autopilot",
        "info",
        "A flow (import, autopilot, evaluation, benchmark, forecast, optimize) finished its stages.",
        _NOTHING,
    ),
    Reason.AUTOPILOT_STOPPED: _row(
        "autopilot", "error", "A flow stopped at a stage that failed or refused.", "Do what that stage says."
    ),
    Reason.SYSTEM_STARTED: _row("system", "info", "A server started on this workspace.", _NOTHING),
    Reason.SYSTEM_RECOVERED: _row(
        "system", "warning", "Work whose owner had disappeared was taken up again.", _NOTHING
    ),
    Reason.SYSTEM_CONFIG_INVALID: _row(
        "system",
        "warning",
        "A file of settings of the workspace cannot be used, and the defaults count.",
        "Correct it as the message says.",
    ),
    Reason.SYSTEM_WORKER_LOST: _row(
        "system",
        "warning",
        "The process of an evaluation, an export or a smoke test disappeared; its work was begun again.",
        "Nothing to do; if it happens again, look for what ends processes on this machine.",
    ),
    Reason.SYSTEM_RETRIED: _row(
        "system", "info", "A job that had failed or was cancelled is done again by a new one.", _NOTHING
    ),
    Reason.SYSTEM_PRIORITIZED: _row("system", "info", "A job's place in the line was changed.", _NOTHING),
    Reason.SYSTEM_REQUEST_INVALID: _row("system", "error", "A request cannot be honoured as it stands.", "Correct it."),
    Reason.SYSTEM_NOT_FOUND: _row("system", "error", "What was named does not exist.", "List what there is."),
    Reason.SYSTEM_CONFLICT: _row("system", "error", "The request contradicts the present state.", "Look at the state."),
    Reason.SYSTEM_WORKSPACE: _row("system", "critical", "The workspace cannot be used.", "Do what the message says."),
    Reason.SYSTEM_ARTIFACT_DAMAGED: _row(
        "system", "critical", "A stored file does not match its hash.", "Make it again from the stage before."
    ),
    Reason.SYSTEM_DISK_FULL: _row("system", "error", "The disk is full.", "Free space, then try again."),
    Reason.SYSTEM_INTERNAL: _row("system", "critical", "BrewSLM made a mistake.", "Report it with `--debug` output."),
    Reason.SYSTEM_EVENT_INVALID: _row(
        "system", "error", "An event of the wrong shape was recorded as it was.", "Report it; nothing was lost."
    ),
    Reason.SYSTEM_ALERT_UNDELIVERED: _row(
        "system",
        "error",
        "Messages of an alert channel were given up after many tries.",
        "Read `brewslm alerts list`, then try `brewslm alerts test`.",
    ),
}
