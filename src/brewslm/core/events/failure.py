"""The payload of everything that failed or was refused."""

from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value


class Failure(Value):
    """A failure, by any stage."""

    error: str
    """The one clear line that the user saw."""
    findings: tuple[Finding, ...] = ()
    detail: str = ""
    """Class of the error, or the tail of a traceback."""


FAILURES: frozenset[Reason] = frozenset(
    {
        Reason.INGESTION_UNREACHABLE,
        Reason.INGESTION_REFUSED,
        Reason.INGESTION_UNSUPPORTED_FORMAT,
        Reason.INGESTION_EMPTY,
        Reason.INGESTION_MALFORMED,
        Reason.INGESTION_IO_ERROR,
        Reason.INGESTION_RESOURCE_LIMIT,
        Reason.INGESTION_PARSER_CRASHED,
        Reason.INTROSPECTION_AMBIGUOUS,
        Reason.INTROSPECTION_ADVICE_FAILED,
        Reason.MAPPING_COVERAGE,
        Reason.MAPPING_SOURCE_CHANGED,
        Reason.MAPPING_PLUGIN,
        Reason.CLEANING_EMPTY,
        Reason.CLEANING_PII,
        Reason.PREPARATION_EMPTY_SPLIT,
        Reason.PREPARATION_EMPTY_MASK,
        Reason.PREPARATION_TOO_LONG,
        Reason.PREPARATION_GOLDEN_OVERLAP,
        Reason.PREFLIGHT_BLOCKED,
        Reason.PREFLIGHT_CAPABILITY,
        Reason.PREFLIGHT_DEPENDENCY,
        Reason.PREFLIGHT_DISK,
        Reason.PREFLIGHT_MEMORY,
        Reason.PREFLIGHT_DATA_CHANGED,
        Reason.PREFLIGHT_MASK,
        Reason.PREFLIGHT_GOLDEN,
        Reason.PREFLIGHT_GPU,
        Reason.PREFLIGHT_GATES,
        Reason.PREFLIGHT_BUDGET,
        Reason.PREFLIGHT_PLAN_CHANGED,
        Reason.PREFLIGHT_FLOOR,
        Reason.TRAINING_CANCELLED,
        Reason.TRAINING_STALLED,
        Reason.TRAINING_OOM,
        Reason.TRAINING_NAN,
        Reason.TRAINING_DISK_FULL,
        Reason.TRAINING_DEVICE_FAILED,
        Reason.TRAINING_RUNTIME_ERROR,
        Reason.TRAINING_FORK_REFUSED,
        Reason.TRAINING_RESULTS_INCOMPLETE,
        Reason.TRAINING_DIVERGED,
        Reason.TRAINING_DESIGN_PROBLEM,
        Reason.EVALUATION_RUNTIME_ERROR,
        Reason.EVALUATION_DATASET_MISSING,
        Reason.EXPORT_FORMAT_UNSUPPORTED,
        Reason.EXPORT_PARITY_FAILED,
        Reason.EXPORT_RUNTIME_ERROR,
        Reason.EXPORT_CHECKSUM_MISMATCH,
        Reason.DEPLOYMENT_SMOKE_FAILED,
        Reason.GATE_CLOSED,
        Reason.AUTOPILOT_STOPPED,
        Reason.SYSTEM_CONFIG_INVALID,
        Reason.SYSTEM_REQUEST_INVALID,
        Reason.SYSTEM_NOT_FOUND,
        Reason.SYSTEM_CONFLICT,
        Reason.SYSTEM_WORKSPACE,
        Reason.SYSTEM_ARTIFACT_DAMAGED,
        Reason.SYSTEM_DISK_FULL,
        Reason.SYSTEM_INTERNAL,
    }
)
"""Reasons whose payload is `Failure`."""
