"""The one error tree. Each class knows its reason; each message names the value, the place and the next step."""

from typing import ClassVar

from brewslm.core.finding import Finding
from brewslm.core.reason import Reason


class BrewError(Exception):
    """Something that a person can act on. Its text is one clear line: value, place, next step."""

    reason: ClassVar[Reason] = Reason.SYSTEM_REQUEST_INVALID

    def __init__(self, message: str, *, reason: Reason | None = None) -> None:
        """Keep `message`; `reason` narrows the reason of the class for this one error."""
        super().__init__(" ".join(message.split()))
        self.code: Reason = reason or self.reason
        self.findings: tuple[Finding, ...] = ()


class InvalidRequestError(BrewError):
    """An argument or option has a value that cannot be honoured."""


class NotFoundError(BrewError):
    """The project, job, artifact or release that was named does not exist."""

    reason = Reason.SYSTEM_NOT_FOUND


class UserCodeError(InvalidRequestError):
    """The user's own file does not load, or its process has ended; the message has file and line."""

    def __init__(self, message: str, *, traceback: str = "") -> None:
        """Keep the message, and the traceback of the user's code for `--debug`."""
        super().__init__(message)
        self.traceback = traceback


class ConflictError(BrewError):
    """The request contradicts the present state, for example a name that is taken."""

    reason = Reason.SYSTEM_CONFLICT


class ClaimLostError(ConflictError):
    """This process no longer holds the job that it works on: another one took it over, or it has ended."""


class WorkspaceError(BrewError):
    """The workspace cannot be used: read-only, full, of a newer version, or of unsafe permissions."""

    reason = Reason.SYSTEM_WORKSPACE


class LedgerUnavailableError(WorkspaceError):
    """The ledger does not answer just now: its server is away, or another process holds it. Waiting may help."""


class SourceError(BrewError):
    """The source cannot be read: missing, empty, unsupported or damaged beyond the limit."""

    reason = Reason.INGESTION_IO_ERROR


class GateRefusedError(BrewError):
    """A gate refused to let the work pass; the findings say why."""

    reason = Reason.PREFLIGHT_BLOCKED

    def __init__(self, message: str, *, reason: Reason | None = None, findings: tuple[Finding, ...] = ()) -> None:
        """Keep the message and the findings that decided."""
        super().__init__(message, reason=reason)
        self.findings = findings


class MappingAmbiguousError(BrewError):
    """More than one reading of the data is plausible, so a person has to choose."""

    reason = Reason.INTROSPECTION_AMBIGUOUS


class AdvisorError(BrewError):
    """The language model that was asked how to read the data gave no advice that can be followed."""

    reason = Reason.INTROSPECTION_ADVICE_FAILED


class MappingSourceChangedError(BrewError):
    """Snapshot or mapping is not the one that the dry run showed."""

    reason = Reason.MAPPING_SOURCE_CHANGED


class MapperError(BrewError):
    """A plugin that maps rows is missing, cannot be loaded, or does not answer."""

    reason = Reason.MAPPING_PLUGIN


class BaseModelError(BrewError):
    """The base model cannot be found or cannot be used for this task."""

    reason = Reason.PREFLIGHT_CAPABILITY


class TemplateRefusedError(BaseModelError):
    """The base model's chat template does not take one example; it may take others."""


class ArtifactDamagedError(BrewError):
    """A stored file or body does not match the hash that the ledger holds."""

    reason = Reason.SYSTEM_ARTIFACT_DAMAGED


class WorkerError(BrewError):
    """The worker process ended without a result; the reason says how."""

    reason = Reason.TRAINING_RUNTIME_ERROR


class DiskFullError(BrewError):
    """A write failed, or would fail, for lack of space."""

    reason = Reason.SYSTEM_DISK_FULL


class AlertError(BrewError):
    """A channel did not take a message. It is kept with the channel, and no job fails by it."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None, is_refused: bool = False) -> None:
        """Keep how long the receiver asks to wait, and whether it will never take this message."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.is_refused = is_refused


class ChannelUnusableError(AlertError):
    """This process cannot use the channel; another one may."""


class CancelledError(BrewError):
    """The work was asked to stop, and did."""

    reason = Reason.TRAINING_CANCELLED


class InternalError(BrewError):
    """The project's own mistake; the log holds the traceback."""

    reason = Reason.SYSTEM_INTERNAL
