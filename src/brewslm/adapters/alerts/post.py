"""One POST within a deadline. Redirects are not followed: what was configured is what is sent to, signature and all."""

import base64
import re
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # not in the stubs

import httpcore2

from brewslm.core.errors import AlertError

_REFUSED = frozenset({400, 413, 422})
"""Answers about this message; every other one is about the channel, and passes or is mended."""
_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_MEANINGS = {
    401: "it wants another login or key",
    403: "access is denied",
    404: "there is nothing at this address",
    410: "this address was closed",
    429: "it wants fewer messages",
}


def post(url: str, body: bytes, headers: Mapping[str, str], *, proxies: Mapping[str, str], seconds: float) -> None:
    """Send a body, and return when it was accepted with a status of 2xx.

    Raises:
        AlertError: it was not, or nobody knows.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        message = "the address is no http:// or https:// address; correct it"  # it may be secret, and is not shown
        raise AlertError(message)
    end = time.monotonic() + seconds
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and proxy_bypass_environment(parts.netloc.rpartition("@")[2], dict(proxies)):
        proxy = None
    try:
        with httpcore2.ConnectionPool(
            network_backend=_TimedBackend(end),
            max_keepalive_connections=0,
            ssl_context=ssl.create_default_context(),
            proxy=httpcore2.Proxy(proxy) if proxy else None,
        ) as pool:
            response = pool.handle_request(
                httpcore2.Request(
                    "POST",
                    httpcore2.URL(scheme=parts.scheme, host=host, port=port, target=target),
                    headers=list({**_own_headers(parts, body), **headers}.items()),
                    content=body,
                )
            )
            response.close()
    except (httpcore2.TimeoutException, TimeoutError) as error:
        raise AlertError(f"{host} did not answer within {seconds:.0f} s") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError, OSError, ValueError) as error:
        raise AlertError(f"{host} cannot be reached: {_why(error)}") from error
    _judge(host, response)


def _own_headers(parts: SplitResult, body: bytes) -> dict[str, str]:
    headers = {"Host": parts.netloc.rpartition("@")[2], "Content-Length": str(len(body))}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    return headers


def _judge(host: str, response: httpcore2.Response) -> None:
    status = response.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        message = f"{host} answered {status} and names another address; redirects are not followed, correct the address"
        raise AlertError(message)
    found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    meaning = f": {_MEANINGS[status]}" if status in _MEANINGS else ""
    raise AlertError(
        f"{host} answered {status}{meaning}",
        retry_after_seconds=_retry_after(found.get("retry-after")),
        is_refused=status in _REFUSED,
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header (RFC 9110, section 10.2.3): a number, or a time."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _why(error: Exception) -> str:
    """The cause in a few words; never those of a parser, which may repeat the address."""
    if isinstance(error, ValueError):
        return "the address cannot be used"
    return _ERROR_NUMBER.sub("", " ".join(str(error).split())[:200]) or "the connection broke"


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every wait ends at one moment, however slowly the other side drips."""

    def __init__(self, inner: httpcore2.NetworkStream, end: float) -> None:
        self._inner = inner
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._inner.read(max_bytes, _left(self._end))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._inner.write(buffer, _left(self._end))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        del timeout
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, _left(self._end)), self._end)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the interface of httpcore2
        return self._inner.get_extra_info(info)


class _TimedBackend(httpcore2.NetworkBackend):
    def __init__(self, end: float) -> None:
        self._sockets = httpcore2.SyncBackend()
        self._end = end

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *more: Any, **named: Any) -> Any:  # noqa: ANN401
        del timeout
        return _TimedStream(self._sockets.connect_tcp(host, port, _left(self._end), *more, **named), self._end)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left
