"""Errors in the shape of the OpenAI API, so that its clients understand them."""

from starlette.responses import JSONResponse

PREFIX = "/v1/"

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}


class GatewayError(Exception):
    """A request is not answered, and why."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Keep what the client is told; `retry_after` in seconds."""
        super().__init__(message)
        self.status, self.param, self.code, self.retry_after = status, param, code, retry_after


def openai_error(error: GatewayError) -> JSONResponse:
    """Spell an error."""
    kind = KINDS.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
    body = {"error": {"message": str(error), "type": kind, "param": error.param, "code": error.code}}
    headers = {} if error.retry_after is None else {"Retry-After": str(max(1, round(error.retry_after)))}
    return JSONResponse(body, status_code=error.status, headers=headers)
