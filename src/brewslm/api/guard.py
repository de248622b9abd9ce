"""The one layer in front of everything: who may talk to this server, and what every answer carries.

A page of another origin cannot drive the server: a browser always says where a request comes from, and a name that is
resolved to this machine by somebody else (DNS rebinding) is not on the list of hosts. A browser needs the cookie that
the printed address gives it. A program on this machine needs nothing, unless a token is required of everybody.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brewslm.api import door as doors
from brewslm.api.door import Door
from brewslm.api.errors import error_response
from brewslm.api.gateway.errors import PREFIX as ENDPOINT
from brewslm.api.gateway.errors import GatewayError, openai_error
from brewslm.core.events.reasons import Reason

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORT = 80
MAX_BODY_BYTES = 8 << 20
"""Of every request but the pieces of an upload; the largest of the others is a list of prompts."""
_JSON = "application/json"
_PIECE = "application/offset+octet-stream"
_UPLOADS = "/api/uploads/"
_PAGES = frozenset({"/", doors.PATH})
_ASSETS = "/assets/"
_SHOWN_TYPES = frozenset({_JSON, "text/event-stream", "text/plain", "image/svg+xml", "image/png"})
"""What an answer with data may be shown as; anything else is a file to keep."""
_BROWSER_SIGNS = ("origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "cookie")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TOO_LARGE = f"the body is larger than {MAX_BODY_BYTES:,} bytes; bring files by an upload, and name that as the source"
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OTHER_BEARER = (
    "this is not the token of this server; it is the value of BREWSLM_TOKEN, or in its workspace's file `token`"
)
_NO_BEARER = f"this server wants `Authorization: Bearer` with its token; {_OTHER_BEARER.partition('; ')[2]}"
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

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], token: str, door: Door, is_token_required: bool) -> None:
        """Stand in front of `app`.

        Args:
            app: everything that is served.
            hosts: the exact values that a Host header may have.
            token: what programs may show.
            door: lets browsers in.
            is_token_required: whether every program must show the token, also one on this machine.
        """
        self.app = app
        self._hosts = frozenset(hosts)
        self._token = token.encode()
        self._is_local_free = not is_token_required
        self._door = door

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
                _protect(scope, MutableHeaders(scope=message))
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await _refused(scope, refusal)(scope, receive, send_guarded)
        elif scope["path"] == doors.PATH:
            await self._log_in(scope)(scope, receive, send_guarded)
        else:
            await self.app(scope, receive if _is_piece(scope) else _limited(receive), send_guarded)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = _headers(scope)
        return (
            self._of_host(scope, headers)
            or _of_origin(scope, headers)
            or self._of_stranger(scope, headers)
            or _of_content_type(scope, headers)
            or _of_length(scope, headers)
        )

    def _log_in(self, scope: Scope) -> Response:
        """Turn a one-time address into the cookie."""
        headers = _headers(scope)
        if scope["method"] != "GET" or "sec-purpose" in headers:  # what only looks ahead must not use up the key
            return error_response(405, Reason.SYSTEM_REQUEST_INVALID, "open this address in a browser")
        if self._door.take(scope["query_string"]):
            return RedirectResponse("/", 303, headers={"Set-Cookie": self._door.set_cookie})
        if self._door.knows(headers.get("cookie", [])):
            return RedirectResponse("/", 303)
        message = "this address was used already, or is of an earlier server; get a new one with `brewslm open`"
        return error_response(401, Reason.SYSTEM_REQUEST_INVALID, message)

    def _of_host(self, scope: Scope, headers: dict[str, list[str]]) -> Refusal | None:
        values = headers.get("host", [])
        if len(values) != 1 or not scope["path"].startswith("/"):
            return Refusal(400, "the request must name one host, and a path on it")
        if values[0] not in self._hosts:
            message = "this server does not answer under that host name; use the address that `brewslm serve` printed"
            return Refusal(421, message)
        return None

    def _of_stranger(self, scope: Scope, headers: dict[str, list[str]]) -> Refusal | None:
        """Refuse who shows neither token nor cookie: every browser, and every program where a token is required."""
        if _is_page(scope) or _is_endpoint(scope):
            return None
        if "authorization" in headers:
            return None if self._is_token(headers["authorization"]) else Refusal(401, _OTHER_BEARER)
        if self._door.knows(headers.get("cookie", [])):
            return None
        if _is_browser(headers):
            return Refusal(401, "this browser is not signed in; open the address that `brewslm open` prints")
        return None if self._is_local_free else Refusal(401, _NO_BEARER)

    def _is_token(self, values: list[str]) -> bool:
        scheme, _, shown = values[0].partition(" ")
        if len(values) != 1 or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(shown.encode("latin-1"), self._token)


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


def _of_origin(scope: Scope, headers: dict[str, list[str]]) -> Refusal | None:
    own = f"http://{headers['host'][0]}"
    is_foreign = any(origin != own for origin in headers.get("origin", []))
    is_cross_site = any(site not in _OWN_SITES for site in headers.get("sec-fetch-site", []))
    if is_foreign or (is_cross_site and not _is_link(scope, headers)):
        return Refusal(403, "pages of another origin may not use this server")
    return None


def _is_link(scope: Scope, headers: dict[str, list[str]]) -> bool:
    """Whether a browser follows a link to the Studio, as from a mail: the page opens by itself, in no frame."""
    to_page = headers.get("sec-fetch-mode") == ["navigate"] and headers.get("sec-fetch-dest") == ["document"]
    return to_page and _is_page(scope)


def _is_page(scope: Scope) -> bool:
    """Whether it is one of the Studio's own files, which hold nothing of the user's. Everything else is closed."""
    return scope["method"] in _SAFE_METHODS and (scope["path"] in _PAGES or scope["path"].startswith(_ASSETS))


def _is_endpoint(scope: Scope) -> bool:
    """Whether it is for the gateway, all of whose routes want a key of their own, whoever asks."""
    return bool(scope["path"].startswith(ENDPOINT))


def _refused(scope: Scope, refusal: Refusal) -> Response:
    if _is_endpoint(scope):
        return openai_error(GatewayError(refusal.status, refusal.message))
    return error_response(refusal.status, Reason.SYSTEM_REQUEST_INVALID, refusal.message)


def _is_browser(headers: dict[str, list[str]]) -> bool:
    agents = headers.get("user-agent", [])
    return any(sign in headers for sign in _BROWSER_SIGNS) or any(agent.startswith("Mozilla/") for agent in agents)


def _protect(scope: Scope, headers: MutableHeaders) -> None:
    """Add what every answer carries; data that is not shown as text or picture is a file to keep."""
    for name, value in SECURITY_HEADERS.items():
        if name not in headers or name not in OWN_HEADERS or not _is_page(scope):
            headers[name] = value
    kind = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if not _is_page(scope) and kind not in _SHOWN_TYPES and "content-disposition" not in headers:
        headers["Content-Type"] = "application/octet-stream"
        headers["Content-Disposition"] = "attachment"


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
