"""Putting the HTTP face together: routes, errors, the guard, and the lanes that do queued work."""

import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from brewslm.api import handlers
from brewslm.api.deps import ERRORS
from brewslm.api.door import KEY_BYTES, Door
from brewslm.api.gateway import routes as gateway_routes
from brewslm.api.gateway.errors import GatewayError
from brewslm.api.guard import DEFAULT_PORT, Guard
from brewslm.api.routes import (
    about,
    alerts,
    artifacts,
    backlog,
    brew,
    cleaning,
    datasets,
    endpoints,
    engines,
    evaluations,
    gates,
    health,
    jobs,
    manifests,
    notifications,
    outlooks,
    projects,
    records,
    results,
    streams,
    sweeps,
    uploads,
    work,
)
from brewslm.api.stream import Hub
from brewslm.api.studio import studio_routes
from brewslm.bootstrap.house import House

STOP_SECONDS = 1.0
"""How long a thread may take to notice that it should stop. A lane in mid-job is left; its worker goes on."""


def create_api(house: House, *, is_stopping: Callable[[], bool] = lambda: False) -> FastAPI:
    """Build the routes over a house. While the app runs, queued jobs are done.

    Args:
        house: the services.
        is_stopping: whether the server is about to close, so that streams end.
    """
    hub = Hub(house.streams, is_stopping=is_stopping)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        duties = {
            "lanes": house.runner.serve,
            "alerts": house.alerts.serve,
            "patrol": house.patrol.serve,
            "fleet": house.fleet.serve,
            "drift": house.drift.serve,
        }
        threads = [threading.Thread(target=duty, args=(stop,), name=name, daemon=True) for name, duty in duties.items()]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            hub.close()
            for thread in threads:
                await run_in_threadpool(thread.join, STOP_SECONDS)

    app = FastAPI(
        title="BrewSLM",
        version=about.VERSION,
        description="From your data to a fine-tuned, evaluated, exported small language model, on your own machine.",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        responses=ERRORS,
    )
    app.state.house = house
    app.state.hub = hub
    app.state.gateway = gateway_routes.Gateway(house)
    rooms = (
        about,
        projects,
        uploads,
        work,
        datasets,
        gates,
        outlooks,
        evaluations,
        backlog,
        cleaning,
        manifests,
        artifacts,
        health,
        streams,
        sweeps,
        jobs,
        results,
        records,
        notifications,
        alerts,
        brew,
        endpoints,
        engines,
    )
    for room in rooms:
        app.include_router(room.router, prefix="/api")

    app.include_router(gateway_routes.router)
    app.add_exception_handler(GatewayError, gateway_routes.answer_error)
    app.router.routes.extend(studio_routes())
    handlers.install(app)
    handlers.describe_errors(app)
    return app


def create_app(
    house: House,
    *,
    hosts: Iterable[str],
    token: str | None = None,
    is_token_required: bool = False,
    door: Door | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Guard:
    """Build what a server serves: the guard, and behind it the routes.

    Args:
        house: the services.
        hosts: the exact values that a Host header may have.
        token: what programs may show; None makes one that nobody knows.
        is_token_required: whether every program must show it.
        door: lets browsers in; None makes one that lets nobody in.
        is_stopping: whether the server is about to close, so that streams end.
    """
    token = token or secrets.token_urlsafe(KEY_BYTES)
    door = door or Door(token, port=DEFAULT_PORT)
    api = create_api(house, is_stopping=is_stopping)
    api.state.door = door
    return Guard(api, hosts=hosts, token=token, door=door, is_token_required=is_token_required)
