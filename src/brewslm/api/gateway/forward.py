"""Handing a request on to the process that answers it, and the answer back, as it comes."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from brewslm.api.gateway.errors import GatewayError
from brewslm.api.gateway.upstream import UpstreamReading
from brewslm.core.serving.measured import MEASURED_COMMENT, MEASURED_HEADER, Measured
from brewslm.services.endpoint.routing import Lease

CONNECT_SECONDS = 5.0
MAX_KEPT_CHARACTERS = 20_000
"""Of an answer, for the log and for telling a refusal."""


@dataclass(slots=True)
class Heard:
    """What was heard of one answer."""

    status: int = 0
    reading: UpstreamReading | None = None
    """Of a runtime of others, which does not measure itself."""
    measured: Measured | None = None
    error: str | None = None
    pieces: list[str] = field(default_factory=list)
    num_kept: int = 0

    def keep(self, text: str) -> None:
        """Keep a piece of the answer's text, up to a length."""
        if text and self.num_kept < MAX_KEPT_CHARACTERS:
            self.pieces.append(text)
            self.num_kept += len(text)

    @property
    def text(self) -> str:
        """The answer, as far as it was kept."""
        return "".join(self.pieces)


def new_client() -> httpx2.AsyncClient:
    """Return what talks to serving processes."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    return httpx2.AsyncClient(trust_env=False, limits=limits, timeout=timeout)


def request_to(
    client: httpx2.AsyncClient, lease: Lease, route: str, body: dict[str, Any], heard: Heard
) -> httpx2.Request:
    """Spell the request for a process; it answers under the name of its version."""
    headers = {"Content-Type": "application/json"}
    if lease.token:
        headers["Authorization"] = f"Bearer {lease.token}"
    heard.reading = None if lease.unit.upstream is None else UpstreamReading(body, lease)
    asked = {**body, "model": lease.model} if heard.reading is None else heard.reading.body
    return client.build_request("POST", f"{lease.address}/{route}", headers=headers, content=json.dumps(asked).encode())


async def whole(client: httpx2.AsyncClient, request: httpx2.Request, heard: Heard) -> tuple[int, bytes]:
    """Return status and body.

    Raises:
        httpx2.HTTPError: the process went away.
    """
    answer = await client.send(request)
    heard.status = answer.status_code
    if told := answer.headers.get(MEASURED_HEADER):
        heard.measured = Measured.model_validate_json(told)
    content = understood(answer.text, heard)
    if heard.reading is not None:
        heard.measured = heard.reading.measured()
    return answer.status_code, (content or "").encode()


async def opened(client: httpx2.AsyncClient, request: httpx2.Request, heard: Heard) -> httpx2.Response:
    """Begin a stream; its head has come.

    Raises:
        httpx2.HTTPError: the process went away.
    """
    answer = await client.send(request, stream=True)
    heard.status = answer.status_code
    return answer


async def events(answer: httpx2.Response, heard: Heard) -> AsyncIterator[bytes]:
    """Pass the events of a stream on, but for what is meant for the gateway.

    A process that goes away in mid-stream cannot be made up for: the client is told by an event.
    """
    try:
        async for line in answer.aiter_lines():
            if line.startswith(MEASURED_COMMENT):
                heard.measured = Measured.model_validate_json(line.removeprefix(MEASURED_COMMENT))
                continue
            data = understood(line.removeprefix("data: "), heard) if line.startswith("data: ") else None
            if data is not None:
                yield f"data: {data}\n\n".encode()
        if heard.reading is not None:
            heard.measured = heard.reading.measured()
    except httpx2.HTTPError:
        heard.error = "the model's process ended in the middle of the answer"
        body = {"error": {"message": heard.error + "; ask again", "type": "server_error", "code": "process_lost"}}
        yield f"data: {json.dumps(body)}\n\n".encode()


def lost(error: httpx2.HTTPError) -> GatewayError:
    """Tell a client that its answer was lost with the process."""
    message = f"The model's process went away ({type(error).__name__}); it is started again. Ask again."
    return GatewayError(503, message, code="process_lost", retry_after=2)


def understood(data: str, heard: Heard) -> str | None:
    """Hear an answer or a chunk of one; return what the client gets of it, None for nothing."""
    try:
        said = json.loads(data)
    except ValueError:
        return data  # the mark of a stream's end, or no answer at all
    if not isinstance(said, dict):
        return data
    hear(said, heard)
    if heard.reading is None:
        return data
    shown = heard.reading.read(said)
    return None if shown is None else json.dumps(shown)


def hear(said: dict[str, Any], heard: Heard) -> None:
    """Take the text out of an answer, or out of a chunk of one."""
    if isinstance(problem := said.get("error"), dict):
        heard.error = str(problem.get("message"))
    for choice in said.get("choices", ())[:1]:
        message = choice.get("message") or choice.get("delta") or {}
        heard.keep(message.get("content") or choice.get("text") or "")
