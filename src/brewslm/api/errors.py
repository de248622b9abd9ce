"""One shape for every error: `{"error": {"reason", "message", "findings"}}`. Status codes are chosen here alone."""

from collections.abc import Sequence

from starlette.responses import JSONResponse

from brewslm.core import errors
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value

STATUSES: dict[type[errors.BrewError], int] = {
    errors.InvalidRequestError: 400,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.CancelledError: 409,
    errors.GateRefusedError: 422,
    errors.MappingAmbiguousError: 422,
    errors.MappingSourceChangedError: 409,
    errors.SourceError: 422,
    errors.BaseModelError: 422,
    errors.AdvisorError: 422,
    errors.MapperError: 422,
    errors.AlertError: 502,
    errors.WorkspaceError: 503,
    errors.DiskFullError: 507,
    errors.ArtifactDamagedError: 500,
    errors.WorkerError: 500,
    errors.InternalError: 500,
}


class ErrorBody(Value):
    """What went wrong."""

    reason: Reason
    message: str
    findings: tuple[Finding, ...] = ()


class ErrorAnswer(Value):
    """The body of every answer that is not a success."""

    error: ErrorBody


def status_of(error: errors.BrewError) -> int:
    """Return the status code of an error, that of its nearest known class."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 400)


def error_response(
    status: int, reason: Reason, message: str, findings: Sequence[Finding] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """Build an error answer."""
    answer = ErrorAnswer(error=ErrorBody(reason=reason, message=message, findings=tuple(findings)))
    return JSONResponse(answer.model_dump(mode="json"), status_code=status, headers=headers)
