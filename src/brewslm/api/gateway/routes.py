"""`/v1`: what clients of an endpoint see. Every route wants a key of the endpoint."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx2
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse

from brewslm.api.gateway import forward
from brewslm.api.gateway.errors import PREFIX, GatewayError, openai_error
from brewslm.api.gateway.limits import Rates, Turnstile
from brewslm.bootstrap.house import House
from brewslm.core.errors import BrewError, NotFoundError
from brewslm.core.ids import ProjectId
from brewslm.core.serving.host import EndpointSettings
from brewslm.services.endpoint.requests import Exchange
from brewslm.services.endpoint.routing import Lease
from brewslm.services.endpoint.trial import trial_of
from brewslm.services.endpoint.unit import BASE_SUFFIX

READY_POLL_SECONDS = 0.05
NUM_TRIES = 2
"""A process that goes away before it has answered costs its client a wait, not the answer."""
COMPARED_SECONDS = 180.0
"""How long the Studio waits for a base model or a checkpoint, which is loaded when it is first asked."""
CONVERSATION_HEADER = "x-conversation-id"
JSON = "application/json"
CLIENT_LEFT = "the client left before its answer was whole"
ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


@dataclass(slots=True)
class Gateway:
    """What all requests share."""

    house: House
    rates: Rates = field(default_factory=Rates)
    turnstiles: dict[ProjectId, Turnstile] = field(default_factory=dict)
    client: httpx2.AsyncClient = field(default_factory=forward.new_client)

    @property
    def settings(self) -> EndpointSettings:
        """How endpoints behave, as `config/endpoints.yaml` said last."""
        return self.house.fleet.settings

    def turnstile(self, project_id: ProjectId) -> Turnstile:
        """The line before a project's endpoint."""
        return self.turnstiles.setdefault(project_id, Turnstile())


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks."""

    key_id: int | None
    """None for the Studio, which the server knows by its own cookie."""
    project_id: ProjectId


def gateway_of(request: Request) -> Gateway:
    """Return what this server's requests share."""
    gateway: Gateway = request.app.state.gateway
    return gateway


async def client_of(request: Request) -> Client:
    """Say whose key was shown.

    Raises:
        GatewayError: none was, or it opens nothing.
    """
    values = request.headers.getlist("authorization")
    scheme, _, shown = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not shown:
        message = "You didn't provide an API key. Send `Authorization: Bearer` with a key of `brewslm keys create`."
        raise GatewayError(401, message, code="invalid_api_key")
    key = await run_in_threadpool(gateway_of(request).house.keys.find, shown)
    if key is None:
        raise GatewayError(401, "Incorrect API key provided, or it was revoked.", code="invalid_api_key")
    return Client(key.id, key.project_id)


ClientOf = Annotated[Client, Depends(client_of)]
router = APIRouter(prefix="/v1", include_in_schema=False)
"""Not in the OpenAPI document of the server: it is the OpenAI API, with its own shape of errors."""


@router.get("/models")
async def models(request: Request, client: ClientOf) -> dict[str, Any]:
    """List the models that this key opens."""
    names = gateway_of(request).house.fleet.routing.names(client.project_id)
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "brewslm"} for name in names]
    return {"object": "list", "data": data}


@router.get("/models/{model:path}")
async def model(request: Request, model: str, client: ClientOf) -> dict[str, Any]:
    """Show one model."""
    if model not in gateway_of(request).house.fleet.routing.names(client.project_id):
        raise GatewayError(404, f"The model {model!r} does not exist.", param="model", code="model_not_found")
    return {"id": model, "object": "model", "created": 0, "owned_by": "brewslm"}


@router.post("/chat/completions", response_class=JSONResponse)
async def chat(request: Request, client: ClientOf) -> Response:
    """Answer a chat, as `POST /v1/chat/completions` of the OpenAI API does."""
    return await answer(request, client, "chat/completions")


@router.post("/completions", response_class=JSONResponse)
async def complete(request: Request, client: ClientOf) -> Response:
    """Let a text go on, as `POST /v1/completions` of the OpenAI API does."""
    return await answer(request, client, "completions")


@router.api_route("/{path:path}", methods=ALL_METHODS)
async def nothing(path: str, client: ClientOf) -> Response:
    """Answer for everything else, and that only to who has a key."""
    del client
    raise GatewayError(404, f"There is nothing at {PREFIX + path[:80]!r}, or not by this method.", code="not_found")


@dataclass(slots=True)
class Visit:
    """What one request holds until its answer is over: its turn, a process, and what is kept of it."""

    gateway: Gateway
    exchange: Exchange
    heard: forward.Heard = field(default_factory=forward.Heard)
    lease: Lease | None = None
    is_inside: bool = False

    def give_back(self, *, is_lost: bool = False) -> None:
        """Let the process go; `is_lost` says that it did not answer."""
        if self.lease is not None:
            self.gateway.house.fleet.routing.give_back(self.lease, is_lost=is_lost)
            self.lease = None

    async def over(self) -> None:
        """Give everything back, and keep a line of it; more than once is as once."""
        self.give_back()
        if self.is_inside:
            self.is_inside = False
            self.gateway.turnstile(self.exchange.project_id).leave()
        if not self.exchange.is_kept:
            self.exchange.is_kept = True
            heard, exchange = self.heard, self.exchange
            entry = exchange.entry(
                status=heard.status,
                measured=heard.measured,
                error=heard.error,
                answer=heard.text,
                seconds=time.monotonic() - exchange.began_at,
            )
            await run_in_threadpool(self.gateway.house.requests.keep, entry)


async def answer(request: Request, client: Client, route: str) -> Response:
    """Answer one request of a client: limits, a process, and a line in the log, however it ends."""
    gateway = gateway_of(request)
    visit = Visit(gateway, Exchange(client.project_id, client.key_id, route, began_at=time.monotonic()))
    try:
        if client.key_id is not None:
            gateway.rates.spend(client.key_id, gateway.settings.requests_per_minute)
        body = await _body(request, gateway.settings.max_body_bytes)
        visit.exchange.understand(body)
        await gateway.turnstile(client.project_id).enter(gateway.settings)
        visit.is_inside = True
        return await _answered(request, body, visit)
    except BaseException as error:
        visit.heard.status = error.status if isinstance(error, GatewayError) else visit.heard.status
        visit.heard.error = str(error) if isinstance(error, GatewayError) else type(error).__name__
        await asyncio.shield(visit.over())
        raise


async def _answered(request: Request, body: dict[str, Any], visit: Visit) -> Response:
    """Hand the request on; once more where the process goes away before it has answered."""
    gateway, is_stream = visit.gateway, body.get("stream") is True
    for number in range(1, NUM_TRIES + 1):
        visit.lease = await _lease(gateway, request, body, visit.exchange)
        visit.exchange.version = visit.lease.version
        outgoing = forward.request_to(gateway.client, visit.lease, visit.exchange.route, body, visit.heard)
        try:
            return await (_streamed(outgoing, visit) if is_stream else _whole(request, outgoing, visit))
        except httpx2.HTTPError as error:
            visit.give_back(is_lost=True)
            if number == NUM_TRIES:
                raise forward.lost(error) from error
    raise AssertionError("unreachable")


async def _whole(request: Request, outgoing: httpx2.Request, visit: Visit) -> Response:
    status, content = await _unless_gone(request, forward.whole(visit.gateway.client, outgoing, visit.heard))
    await visit.over()
    return Response(content, status_code=status, media_type=JSON)


async def _streamed(outgoing: httpx2.Request, visit: Visit) -> Response:
    incoming = await forward.opened(visit.gateway.client, outgoing, visit.heard)
    if incoming.status_code == 200:
        return StreamingResponse(_passed_on(incoming, visit), media_type="text/event-stream")
    content = await incoming.aread()
    await incoming.aclose()
    shown = forward.understood(content.decode(errors="replace"), visit.heard)
    await visit.over()
    return Response(shown, status_code=incoming.status_code, media_type=JSON)


async def _passed_on(incoming: httpx2.Response, visit: Visit) -> AsyncIterator[bytes]:
    """Pass a stream on; when the client leaves, the connection to the process is closed, and it stops generating."""
    try:
        async for event in forward.events(incoming, visit.heard):
            yield event
    except asyncio.CancelledError:
        visit.heard.error = CLIENT_LEFT
        raise
    finally:
        # Shielded, because a client that left has cancelled this.
        await asyncio.shield(_closed(incoming, visit))


async def _closed(incoming: httpx2.Response, visit: Visit) -> None:
    await incoming.aclose()
    await visit.over()


async def _unless_gone(request: Request, work: Any) -> tuple[int, bytes]:  # noqa: ANN401 - a coroutine
    """Do the work, unless the client leaves first; then the connection to the process is closed."""

    async def leaving() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    doing, left = asyncio.ensure_future(work), asyncio.ensure_future(leaving())
    try:
        await asyncio.wait({doing, left}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise GatewayError(499, CLIENT_LEFT)
        status, content = await doing
        return int(status), bytes(content)
    finally:
        doing.cancel()
        left.cancel()
        await asyncio.gather(doing, left, return_exceptions=True)


async def _lease(gateway: Gateway, request: Request, body: dict[str, Any], exchange: Exchange) -> Lease:
    """Choose who answers; where nobody is ready, wait as long as a request may wait."""
    routing, conversation = gateway.house.fleet.routing, _conversation(request, body, exchange)
    model = str(body["model"])
    is_compared = exchange.key_id is None and await run_in_threadpool(_is_wanted, gateway, exchange.project_id, model)
    deadline = exchange.began_at + (COMPARED_SECONDS if is_compared else gateway.settings.queue_seconds)
    while True:
        try:
            lease = routing.take(model, exchange.project_id, conversation, is_open=is_compared)
        except NotFoundError as error:
            if not is_compared or time.monotonic() >= deadline:
                raise GatewayError(404, str(error), param="model", code="model_not_found") from error
            lease = None
        if lease is not None:
            exchange.queue_seconds = time.monotonic() - exchange.began_at
            return lease
        routes = next((one for one in routing.routes().values() if one.project_id == exchange.project_id), None)
        if routes is not None and routes.refused is not None and not is_compared:
            raise GatewayError(503, f"The live release is not served: {routes.refused}", code="release_refused")
        if is_compared and (why := routing.refusal(model, exchange.project_id)):
            raise GatewayError(503, f"{model} is not served: {why}", code="model_refused")
        if time.monotonic() >= deadline:
            is_elsewhere = routes is not None and routes.live is not None and routes.live.upstream is not None
            what = "The runtime that answers for the model is silent" if is_elsewhere else "The model is being started"
            message = f"{what}; ask again."
            raise GatewayError(503, message, code="not_ready", retry_after=5)
        await asyncio.sleep(READY_POLL_SECONDS)


def _is_wanted(gateway: Gateway, project_id: ProjectId, model: str) -> bool:
    """Have what the Studio compares with releases served, where the model is that: the base, or a checkpoint.

    Raises:
        GatewayError: there is no such project, experiment or checkpoint.
    """
    fleet, tried = gateway.house.fleet, trial_of(model)
    try:
        project = gateway.house.projects.get(project_id)
        name = project.name
        if model == name + BASE_SUFFIX:
            fleet.want_base(project_id)
            return True
        if tried is not None and tried[0] == name:
            fleet.trials.check(project_id, tried[1])
            fleet.want_trial(project, tried[1])
            return True
    except BrewError as error:
        raise GatewayError(404, str(error), param="model", code="model_not_found") from error
    return False


def _conversation(request: Request, body: dict[str, Any], exchange: Exchange) -> str:
    """What tells one conversation from another: what the client says, else how it began."""
    named = request.headers.get(CONVERSATION_HEADER) or body.get("user") or body.get("prompt_cache_key")
    began = json.dumps(named or _beginning(body))
    return hashlib.sha256(f"{exchange.key_id}:{began}".encode()).hexdigest()


def _beginning(body: dict[str, Any]) -> Any:  # noqa: ANN401 - as it was sent
    """What a conversation began with, which is the same in each of its later requests: up to the user's first turn."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body.get("prompt")
    turns = [one.get("role") if isinstance(one, dict) else None for one in messages]
    return messages[: turns.index("user") + 1] if "user" in turns else messages[:1]


async def _body(request: Request, max_bytes: int) -> dict[str, Any]:
    """Read the body, no more of it than is allowed.

    Raises:
        GatewayError: it is too large, or no JSON object that names a model.
    """
    said, too_large = b"", f"The body is larger than {max_bytes:,} bytes."
    try:
        async for piece in request.stream():
            said += piece
            if len(said) > max_bytes:
                raise GatewayError(413, too_large, code="request_too_large")
    except HTTPException as error:
        raise GatewayError(error.status_code, too_large, code="request_too_large") from error
    try:
        body = json.loads(said)
    except ValueError as error:
        raise GatewayError(400, f"The body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise GatewayError(400, "The body must be a JSON object.")
    if not isinstance(body.get("model"), str):
        raise GatewayError(400, "You must provide a model parameter.", param="model", code="missing_required_parameter")
    return body


async def answer_error(_request: Request, error: Exception) -> Response:
    """Answer in OpenAI's shape."""
    assert isinstance(error, GatewayError)  # noqa: S101 - how it was registered
    return openai_error(error)
