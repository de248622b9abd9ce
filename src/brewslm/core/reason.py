"""The closed set of reasons, with their stages and severities. What each means stands in `events/reasons.py`."""

from enum import StrEnum
from typing import Literal

Severity = Literal["info", "warning", "error", "critical"]

EventStage = Literal[
    "project",
    "ingestion",
    "introspection",
    "mapping",
    "cleaning",
    "preparation",
    "preflight",
    "benchmark",
    "training",
    "monitoring",
    "evaluation",
    "export",
    "deployment",
    "gate",
    "autopilot",
    "system",
]


class Reason(StrEnum):
    """Why a RunEvent was written. The value is what users see, search and script against."""

    PROJECT_CREATED = "project_created"
    INGESTION = "ingestion"
    INGESTION_UNREACHABLE = "ingestion_unreachable"
    INGESTION_REFUSED = "ingestion_refused"
    INGESTION_UNSUPPORTED_FORMAT = "ingestion_unsupported_format"
    INGESTION_EMPTY = "ingestion_empty"
    INGESTION_MALFORMED = "ingestion_malformed"
    INGESTION_IO_ERROR = "ingestion_io_error"
    INGESTION_RESOURCE_LIMIT = "ingestion_resource_limit"
    INGESTION_PARSER_CRASHED = "ingestion_parser_crashed"
    INTROSPECTION = "introspection"
    INTROSPECTION_AMBIGUOUS = "introspection_ambiguous"
    INTROSPECTION_ADVICE_FAILED = "introspection_advice_failed"
    MAPPING_PREVIEW = "mapping_preview"
    MAPPING = "mapping"
    MAPPING_COVERAGE = "mapping_coverage"
    MAPPING_SOURCE_CHANGED = "mapping_source_changed"
    MAPPING_PLUGIN = "mapping_plugin"
    CLEANING = "cleaning"
    CLEANING_EMPTY = "cleaning_empty"
    CLEANING_PII = "cleaning_pii"
    PREPARATION = "preparation"
    PREPARATION_EMPTY_SPLIT = "preparation_empty_split"
    PREPARATION_EMPTY_MASK = "preparation_empty_mask"
    PREPARATION_TOO_LONG = "preparation_too_long"
    PREPARATION_GOLDEN_OVERLAP = "preparation_golden_overlap"
    PREPARATION_LOCKED = "preparation_locked"
    PREPARATION_ACTIVATED = "preparation_activated"
    PREFLIGHT = "preflight"
    PREFLIGHT_BLOCKED = "preflight_blocked"
    PREFLIGHT_CAPABILITY = "preflight_capability"
    PREFLIGHT_DEPENDENCY = "preflight_dependency"
    PREFLIGHT_DISK = "preflight_disk"
    PREFLIGHT_MEMORY = "preflight_memory"
    PREFLIGHT_DATA_CHANGED = "preflight_data_changed"
    PREFLIGHT_MASK = "preflight_mask"
    PREFLIGHT_GOLDEN = "preflight_golden"
    PREFLIGHT_GPU = "preflight_gpu"
    PREFLIGHT_GATES = "preflight_gates"
    PREFLIGHT_BUDGET = "preflight_budget"
    PREFLIGHT_PLAN_CHANGED = "preflight_plan_changed"
    PREFLIGHT_FLOOR = "preflight_floor"
    TRAINING_STARTED = "training_started"
    TRAINING = "training"
    TRAINING_RECOVERY_STARTED = "training_recovery_started"
    TRAINING_RECOVERED = "training_recovered"
    TRAINING_RECOVERY_PROPOSED = "training_recovery_proposed"
    TRAINING_ANSWERED = "training_answered"
    TRAINING_PAUSED = "training_paused"
    TRAINING_RESUMED = "training_resumed"
    TRAINING_CANCELLED = "training_cancelled"
    TRAINING_OOM = "training_oom"
    TRAINING_NAN = "training_nan"
    TRAINING_DISK_FULL = "training_disk_full"
    TRAINING_DEVICE_FAILED = "training_device_failed"
    TRAINING_STALLED = "training_stalled"
    TRAINING_WORKER_LOST = "training_worker_lost"
    TRAINING_RUNTIME_ERROR = "training_runtime_error"
    TRAINING_FORK_REFUSED = "training_fork_refused"
    TRAINING_TIMEOUT = "training_timeout"
    TRAINING_BUDGET_EXCEEDED = "training_budget_exceeded"
    TRAINING_RESULTS_INCOMPLETE = "training_results_incomplete"
    TRAINING_DESIGN_PROBLEM = "training_design_problem"
    TRAINING_DIVERGED = "training_diverged"
    MONITORING_WATCHER_LOST = "monitoring_watcher_lost"
    MONITORING_ALERT_RESOLVED = "monitoring_alert_resolved"
    MONITORING_ALERT = "monitoring_alert"
    MONITORING_PATROL = "monitoring_patrol"
    MONITORING_WATCH_PASSED = "monitoring_watch_passed"
    EVALUATION = "evaluation"
    EVALUATION_RUNTIME_ERROR = "evaluation_runtime_error"
    EVALUATION_DATASET_MISSING = "evaluation_dataset_missing"
    EVALUATION_GATE_FAILED = "evaluation_gate_failed"
    EVALUATION_JUDGE_UNAVAILABLE = "evaluation_judge_unavailable"
    EVALUATION_REVIEW_CREATED = "evaluation_review_created"
    EXPORT = "export"
    EXPORT_FORMAT_UNSUPPORTED = "export_format_unsupported"
    EXPORT_PARITY_FAILED = "export_parity_failed"
    EXPORT_RUNTIME_ERROR = "export_runtime_error"
    EXPORT_CHECKSUM_MISMATCH = "export_checksum_mismatch"
    DEPLOYMENT = "deployment"
    DEPLOYMENT_SMOKE_FAILED = "deployment_smoke_failed"
    DEPLOYMENT_PROMOTED = "deployment_promoted"
    DEPLOYMENT_PROMOTION_REFUSED = "deployment_promotion_refused"
    DEPLOYMENT_ROLLED_BACK = "deployment_rolled_back"
    DEPLOYMENT_CHANGED = "deployment_changed"
    DEPLOYMENT_STARTED = "deployment_started"
    DEPLOYMENT_BUNDLE_REFUSED = "deployment_bundle_refused"
    DEPLOYMENT_PROCESS_LOST = "deployment_process_lost"
    DEPLOYMENT_DRIFT_DETECTED = "deployment_drift_detected"
    DEPLOYMENT_KEY_CHANGED = "deployment_key_changed"
    GATE_WAITING = "gate_waiting"
    GATE_APPROVED = "gate_approved"
    GATE_REJECTED = "gate_rejected"
    GATE_CHANGED = "gate_changed"
    GATE_CLOSED = "gate_closed"
    AUTOPILOT = "autopilot"
    AUTOPILOT_STOPPED = "autopilot_stopped"
    SYSTEM_STARTED = "system_started"
    SYSTEM_RECOVERED = "system_recovered"
    SYSTEM_CONFIG_INVALID = "system_config_invalid"
    SYSTEM_RETRIED = "system_retried"
    SYSTEM_WORKER_LOST = "system_worker_lost"
    SYSTEM_PRIORITIZED = "system_prioritized"
    SYSTEM_REQUEST_INVALID = "system_request_invalid"
    SYSTEM_NOT_FOUND = "system_not_found"
    SYSTEM_CONFLICT = "system_conflict"
    SYSTEM_WORKSPACE = "system_workspace"
    SYSTEM_ARTIFACT_DAMAGED = "system_artifact_damaged"
    SYSTEM_DISK_FULL = "system_disk_full"
    SYSTEM_INTERNAL = "system_internal"
    SYSTEM_EVENT_INVALID = "system_event_invalid"
    SYSTEM_ALERT_UNDELIVERED = "system_alert_undelivered"
