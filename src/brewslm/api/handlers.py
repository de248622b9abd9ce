"""Every exception that a route raises becomes an answer of the one shape."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from brewslm.api.errors import ErrorAnswer, error_response, status_of
from brewslm.core import errors
from brewslm.core.alerts.line import excerpt
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding

_LONGEST_VALUE = 80
_ADDRESSES = "/api/openapi.json"
_CORRECT = f"Correct it and ask again; {_ADDRESSES} says what is taken"

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "5"
"""What 503 advises: by then another process has mostly let go of the ledger."""
_REASONS_OF_STATUS = {404: Reason.SYSTEM_NOT_FOUND, 409: Reason.SYSTEM_CONFLICT}


def install(app: FastAPI) -> None:
    """Answer every exception in the one shape."""
    app.add_exception_handler(errors.BrewError, _of_brew_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_mistake)


def describe_errors(app: FastAPI) -> None:
    """Add the shape of errors, to which the routes only refer, to the app's OpenAPI document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        schema = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        for name, part in {**schema.pop("$defs"), ErrorAnswer.__name__: schema}.items():
            document["components"]["schemas"].setdefault(name, part)
        return document

    app.openapi = openapi  # type: ignore[method-assign] # how FastAPI says that a document is extended


def _of_brew_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.BrewError)  # noqa: S101 - how it was registered
    status = status_of(error)
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status == 503 else None
    return error_response(status, error.code, str(error), error.findings, headers)


def _of_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how it was registered
    findings = [_finding(problem) for problem in error.errors()]
    message = "; ".join(f"{one.check}: {one.seen}" for one in findings) + f". {_CORRECT}"
    return error_response(422, Reason.SYSTEM_REQUEST_INVALID, message, findings)


def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it was registered
    reason = _REASONS_OF_STATUS.get(error.status_code, Reason.SYSTEM_REQUEST_INVALID)
    nothing = f"there is nothing at {excerpt(request.url.path, _LONGEST_VALUE)!r}; {_ADDRESSES} lists what there is"
    message = nothing if error.status_code == 404 else str(error.detail)
    headers = dict(error.headers) if error.headers else None
    return error_response(error.status_code, reason, message, headers=headers)


def _of_mistake(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    message = f"a mistake of BrewSLM: {type(error).__name__}; the traceback is in the server's log"
    return error_response(500, Reason.SYSTEM_INTERNAL, message)


def _finding(problem: dict[str, Any]) -> Finding:
    where, given = ".".join(str(part) for part in problem["loc"]), problem.get("input")
    # A body may hold what is secret; addresses are logged anyway.
    is_shown = problem["loc"][0] in {"path", "query"} and isinstance(given, str | int) and problem["type"] != "missing"
    what = str(problem["msg"]).removeprefix("Value error, ")
    seen = f"{excerpt(str(given), _LONGEST_VALUE)!r}: {what}" if is_shown else what
    return Finding(check=where, level="block", seen=seen, next_step=_CORRECT, reason=Reason.SYSTEM_REQUEST_INVALID)
