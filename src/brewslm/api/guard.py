"""The one layer in front of everything: who may talk to this server, and what every answer carries.

A page in a browser cannot drive the server: it always sends `Origin` or `Sec-Fetch-Site` with what matters, and a
name that it resolves to this machine by itself (DNS rebinding) is not on the list of hosts.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brewslm.api.errors import error_response
from brewslm.core.events.reasons import Reason

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORT = 80
MAX_BODY_BYTES = 8 << 20
"""Of every request but the pieces of an upload; the largest of the others is a list of prompts."""
_JSON = "application/json"
_PIECE = "application/offset+octet-stream"
_UPLOADS = "/api/uploads/"
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TOO_LARGE = f"the body is larger than {MAX_BODY_BYTES:,} bytes; bring files by an upload, and name that as the source"
_OWN_SITES = frozenset({"same-origin", "none"})

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

OWN_HEADERS = frozenset({"Content-Security-Policy", "Cache-Control"})
"""What an answer may say otherwise: the Studio's page needs its scripts, and its files never change."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in."""

    status: int
    message: str


class Guard:
    """Lets a request in, or answers it itself."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], token: str | None) -> None:
        """Stand in front of `app`.

        Args:
            app: everything that is served.
            hosts: the exact values that a Host header may have.
            token: what clients must show, None where local clients need none.
        """
        self.app = app
        self._hosts = frozenset(hosts)
        self._token = token.encode() if token is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    if name not in OWN_HEADERS or name not in headers:
                        headers[name] = value
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            response = error_response(refusal.status, Reason.SYSTEM_REQUEST_INVALID, refusal.message)
            await response(scope, receive, send_guarded)
            return
        await self.app(scope, receive if _is_piece(scope) else _limited(receive), send_guarded)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = _headers(scope)
        return (
            self._of_host(scope, headers)
            or _of_origin(headers)
            or self._of_token(headers)
            or _of_content_type(scope, headers)
            or _of_length(scope, headers)
        )

    def _of_host(self, scope: Scope, headers: dict[str, list[str]]) -> Refusal | None:
        values = headers.get("host", [])
        if len(values) != 1 or not scope["path"].startswith("/"):
            return Refusal(400, "the request must name one host, and a path on it")
        if values[0] not in self._hosts:
            message = "this server does not answer under that host name; use the address that `brewslm serve` printed"
            return Refusal(421, message)
        return None

    def _of_token(self, headers: dict[str, list[str]]) -> Refusal | None:
        if self._token is None:
            return None
        values = headers.get("authorization", [])
        scheme, _, shown = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.encode("latin-1"), self._token):
            return None
        return Refusal(401, "this server wants `Authorization: Bearer` with the value of its BREWSLM_TOKEN")


def allowed_hosts(port: int, *, host: str, more: Iterable[str] = ()) -> tuple[str, ...]:
    """Spell every Host header that is let in.

    Args:
        port: where the server listens.
        host: the address that it was told to listen on.
        more: names besides, without a port, by which clients reach it.
    """
    own = f"[{host}]" if ":" in host and not host.startswith("[") else host
    names = dict.fromkeys((*LOOPBACK_NAMES, *(() if is_wildcard(host) else (own,)), *more))
    spelled = [f"{name}:{port}" for name in names]
    return tuple(spelled + (list(names) if port == DEFAULT_PORT else []))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    return host in {"127.0.0.1", "localhost", "::1", "[::1]"}


def is_wildcard(host: str) -> bool:
    """Whether the address stands for every one of the machine."""
    return host in {"0.0.0.0", "::", "[::]", ""}  # noqa: S104 - compared, not bound


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _of_origin(headers: dict[str, list[str]]) -> Refusal | None:
    own = f"http://{headers['host'][0]}"
    is_foreign = any(origin != own for origin in headers.get("origin", []))
    is_cross_site = any(site not in _OWN_SITES for site in headers.get("sec-fetch-site", []))
    if is_foreign or is_cross_site:
        return Refusal(403, "pages of another origin may not use this server")
    return None


def _is_piece(scope: Scope) -> bool:
    return scope["method"] == "PATCH" and bool(scope["path"].startswith(_UPLOADS))


def _of_length(scope: Scope, headers: dict[str, list[str]]) -> Refusal | None:
    values = headers.get("content-length", ["0"])
    if _is_piece(scope) or (len(values) == 1 and values[0].isdecimal() and int(values[0]) <= MAX_BODY_BYTES):
        return None
    return Refusal(413, _TOO_LARGE)


def _limited(receive: Receive) -> Receive:
    """Hear no more of a body than is allowed, whatever its head says or does not say."""
    num_bytes = 0

    async def hear() -> Message:
        nonlocal num_bytes
        message = await receive()
        num_bytes += len(message.get("body", b""))
        if num_bytes > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return hear


def _of_content_type(scope: Scope, headers: dict[str, list[str]]) -> Refusal | None:
    method, wanted = scope["method"], _PIECE if _is_piece(scope) else _JSON
    has_body = headers.get("content-length", ["0"]) != ["0"] or "transfer-encoding" in headers
    if method not in _BODY_METHODS or not has_body:
        return None
    values = headers.get("content-type", [])
    if len(values) == 1 and values[0].partition(";")[0].strip().lower() == wanted:
        return None
    what = "a piece of an upload" if wanted == _PIECE else "JSON"
    return Refusal(415, f"the body must be {what}: send it with `Content-Type: {wanted}`")
