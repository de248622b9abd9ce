"""Which payload belongs to which reason."""

from brewslm.core.backlog.entry import BacklogChanged
from brewslm.core.events import data, deployment, lifecycle, monitoring
from brewslm.core.events.failure import FAILURES, Failure
from brewslm.core.events.reasons import Reason
from brewslm.core.value import Value

_OF_SUCCESS: dict[Reason, type[Value]] = {
    Reason.PROJECT_CREATED: lifecycle.ProjectCreated,
    Reason.INGESTION: data.Ingestion,
    Reason.INTROSPECTION: data.Introspection,
    Reason.MAPPING_PREVIEW: data.Mapping,
    Reason.MAPPING: data.Mapping,
    Reason.CLEANING: data.Cleaning,
    Reason.PREPARATION: data.Preparation,
    Reason.PREPARATION_LOCKED: data.GoldenAdded,
    Reason.PREPARATION_ACTIVATED: data.ManifestActivated,
    Reason.PREFLIGHT: lifecycle.Preflight,
    Reason.BENCHMARK: lifecycle.Benchmarked,
    Reason.TRAINING_STARTED: lifecycle.TrainingStarted,
    Reason.TRAINING: lifecycle.Training,
    Reason.TRAINING_TIMEOUT: lifecycle.TrainingLimit,
    Reason.TRAINING_BUDGET_EXCEEDED: lifecycle.TrainingLimit,
    Reason.TRAINING_WORKER_LOST: lifecycle.WorkerLost,
    Reason.SYSTEM_WORKER_LOST: lifecycle.WorkerLost,
    Reason.TRAINING_RECOVERY_STARTED: lifecycle.RecoveryStarted,
    Reason.TRAINING_RECOVERED: lifecycle.TrainingRecovered,
    Reason.MONITORING_WATCH_PASSED: monitoring.WatchPassed,
    Reason.MONITORING_PATROL: monitoring.PatrolChanged,
    Reason.MONITORING_ALERT: monitoring.MonitoringAlert,
    Reason.MONITORING_ALERT_RESOLVED: monitoring.MonitoringAlert,
    Reason.MONITORING_WATCHER_LOST: monitoring.WatcherLost,
    Reason.TRAINING_RECOVERY_PROPOSED: lifecycle.RecoveryProposed,
    Reason.TRAINING_ANSWERED: lifecycle.RecoveryAnswered,
    Reason.TRAINING_PAUSED: lifecycle.TrainingPaused,
    Reason.TRAINING_RESUMED: lifecycle.TrainingResumed,
    Reason.EVALUATION: lifecycle.Evaluation,
    Reason.EVALUATION_GATE_FAILED: lifecycle.EvaluationGateFailed,
    Reason.EVALUATION_JUDGE_UNAVAILABLE: lifecycle.JudgeUnavailable,
    **dict.fromkeys(
        (
            Reason.EVALUATION_BACKLOG_CREATED,
            Reason.EVALUATION_BACKLOG_STARTED,
            Reason.EVALUATION_BACKLOG_RESOLVED,
            Reason.EVALUATION_BACKLOG_RETURNED,
        ),
        BacklogChanged,
    ),
    Reason.EVALUATION_REVIEW_CREATED: lifecycle.EvaluationReview,
    Reason.EXPORT: lifecycle.Export,
    Reason.DEPLOYMENT: lifecycle.Deployment,
    Reason.DEPLOYMENT_PROMOTED: deployment.ReleaseChanged,
    Reason.DEPLOYMENT_PROMOTION_REFUSED: deployment.PromotionRefused,
    Reason.DEPLOYMENT_ROLLED_BACK: deployment.ReleaseChanged,
    Reason.DEPLOYMENT_CHANGED: deployment.ReleaseChanged,
    Reason.DEPLOYMENT_STARTED: deployment.ServingStarted,
    Reason.DEPLOYMENT_BUNDLE_REFUSED: deployment.ServingRefused,
    Reason.DEPLOYMENT_PROCESS_LOST: deployment.ServingLost,
    Reason.DEPLOYMENT_DRIFT_DETECTED: deployment.DriftDetected,
    Reason.DEPLOYMENT_KEY_CHANGED: deployment.KeyChanged,
    Reason.GATE_WAITING: lifecycle.GateOpened,
    Reason.GATE_APPROVED: lifecycle.GateDecided,
    Reason.GATE_REJECTED: lifecycle.GateDecided,
    Reason.GATE_CHANGED: lifecycle.GateChanged,
    Reason.AUTOPILOT: lifecycle.Autopilot,
    Reason.SYSTEM_STARTED: lifecycle.SystemStarted,
    Reason.SYSTEM_RECOVERED: lifecycle.SystemRecovered,
    Reason.SYSTEM_RETRIED: lifecycle.SystemRetried,
    Reason.SYSTEM_PRIORITIZED: lifecycle.SystemPrioritized,
    Reason.SYSTEM_EVENT_INVALID: lifecycle.EventInvalid,
    Reason.SYSTEM_ALERT_UNDELIVERED: lifecycle.AlertUndelivered,
}

PAYLOADS: dict[Reason, type[Value]] = {**_OF_SUCCESS, **dict.fromkeys(FAILURES, Failure)}
"""Every reason has exactly one payload type; a test holds that."""
