"""Putting the HTTP face together: routes, errors, the guard, and the lanes that do queued work."""

import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from brewslm.api import errors
from brewslm.api.deps import ERRORS
from brewslm.api.guard import Guard
from brewslm.api.routes import (
    about,
    artifacts,
    cleaning,
    datasets,
    gates,
    health,
    jobs,
    manifests,
    projects,
    records,
    results,
    uploads,
    work,
)
from brewslm.bootstrap.container import House

LANES_STOP_SECONDS = 1.0
"""How long a lane may take to notice that it should stop. A lane in mid-job is left; its worker goes on."""


def create_api(house: House) -> FastAPI:
    """Build the routes over a house. While the app runs, queued jobs are done."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        lanes = threading.Thread(target=house.runner.serve, args=(stop,), name="lanes", daemon=True)
        lanes.start()
        try:
            yield
        finally:
            stop.set()
            await run_in_threadpool(lanes.join, LANES_STOP_SECONDS)

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
    for room in (
        about,
        projects,
        uploads,
        work,
        datasets,
        gates,
        cleaning,
        manifests,
        artifacts,
        health,
        jobs,
        results,
        records,
    ):
        app.include_router(room.router, prefix="/api")

    @app.get("/", include_in_schema=False)
    def root() -> dict[str, str]:
        """Say what this is."""
        return {"name": "BrewSLM", "version": about.VERSION, "api": "/api/openapi.json", "health": "/api/health"}

    errors.install(app)
    return app


def create_app(house: House, *, hosts: Iterable[str], token: str | None = None) -> Guard:
    """Build what a server serves: the guard, and behind it the routes.

    Args:
        house: the services.
        hosts: the exact values that a Host header may have.
        token: what clients must show; None where local clients need none.
    """
    return Guard(create_api(house), hosts=hosts, token=token)
